import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { adjustForOwnTls } from '../../../infra/local/http-api/own-tls.ts';

const safari =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Safari/605.1.15';
const chromium =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36';

function shownTo(userAgent: string, status: number, type = 'text/html; charset=utf-8', headers = {}) {
  const request = { headers: { 'user-agent': userAgent, ...headers }, socket: {} } as IncomingMessage;
  const notes: string[] = [];
  const answer = { status, headers: [['content-type', type]] as const, body: Buffer.from('<main>x</main>') };
  const text = adjustForOwnTls(request, answer, (each) => notes.push(each)).body.toString();
  return [text.includes('HTTPS=1'), notes.length];
}

test('a WebKit that cannot sign in without TLS is told so, by the page and at the terminal; nobody else is', () => {
  expect(shownTo(safari, 400)).toEqual([true, 1]);
  expect(shownTo(chromium, 400)).toEqual([false, 0]);
  expect(shownTo('node', 400)).toEqual([false, 0]);
  expect(shownTo(safari, 200)).toEqual([false, 0]);
  expect(shownTo(safari, 400, 'application/problem+json')).toEqual([false, 0]);
  expect(shownTo(safari, 400, 'text/html', { 'x-forwarded-proto': 'https' })).toEqual([false, 0]);
});
