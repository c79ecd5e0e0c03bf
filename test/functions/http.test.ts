import { gunzipSync } from 'node:zlib';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { HttpRequirement, http as makeHttp } from '../../functions/runtime/http/http.ts';
import type { HttpRequest, HttpResponse } from '../../functions/runtime/http/http-messages.ts';
import { live } from '../../functions/runtime/http/live.ts';
import { anyOrigin, sameOrigin } from '../../functions/runtime/http/same-origin.ts';
import { signedIn } from '../../functions/runtime/http/signed-in.ts';
import { ConfigurationError } from '../../shared/config.ts';
import { AppError } from '../../shared/problems.ts';
import type { LiveSession } from '../../shared/session/live-session.ts';
import { testExtension } from '../shared/fixture/extension.ts';
import { gatewayEvent, type TestRequest } from './fixture/event.ts';

let http: typeof makeHttp;
beforeAll(async () => {
  vi.stubGlobal('EXTENSION', testExtension());
  ({ http } = await import('../../functions/runtime/http/http.ts'));
});
afterAll(() => void vi.unstubAllGlobals());
afterEach(() => void vi.restoreAllMocks());

/** What Lambda hands to the gateway, and the bytes that a browser makes of it. */
async function answered(response: HttpResponse, request: Partial<TestRequest> = {}) {
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const handler = http().handler(() => Promise.resolve(response));
  const result: APIGatewayProxyStructuredResultV2 = await handler(gatewayEvent({ path: '/api/x', ...request }));
  vi.restoreAllMocks();
  const { body = '', isBase64Encoded = false, headers = {} } = result;
  expect(Buffer.byteLength(JSON.stringify(result))).toBeLessThanOrEqual(6 * 1024 * 1024);
  const sent = Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');
  const bytes = headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
  const how = headers['content-encoding'] === 'gzip' ? 'compressed' : isBase64Encoded ? 'base64' : 'text';
  return { status: result.statusCode ?? 0, headers: headers as Record<string, string>, bytes, how };
}

const json = { 'content-type': 'application/json' };
const uncompressed = { headers: { 'accept-encoding': 'br' } };
const dense = (bytes: number) => `[${Array.from({ length: Math.floor(bytes / 10) }, () => '{"a":"b"}').join(',')}]`;
/** Bytes that no compression makes fewer. */
const noise = (bytes: number) => {
  const made = Buffer.alloc(bytes);
  let state = 1;
  for (let index = 0; index < bytes; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    made[index] = state >>> 24;
  }
  return made;
};

describe('an answer', () => {
  test('travels as text where it is text', async () => {
    for (const [type, body] of [
      ['application/json', '{"a":"é\u0000\u{1f600}"}'],
      ['application/problem+json', '{}'],
      ['text/html; charset=utf-8', '<p>é</p>'],
      ['application/xml', '<é/>'],
    ] as const) {
      const headers = { 'content-type': type };
      expect(await answered({ status: 200, headers, body: Buffer.from(body) })).toMatchObject({
        how: 'text',
        bytes: Buffer.from(body),
      });
    }
  });

  test('travels as base64 where it is none: other types, other encodings, bytes that are no UTF-8', async () => {
    for (const [headers, body] of [
      [{ 'content-type': 'image/png' }, Buffer.from([137, 80])],
      [{}, Buffer.from('a')],
      [{ ...json, 'content-encoding': 'br' }, Buffer.from('{}')],
      [json, Buffer.from([0x22, 0xff, 0x22])],
    ] as [Record<string, string>, Buffer][]) {
      expect(await answered({ status: 200, headers, body })).toMatchObject({ how: 'base64', bytes: body });
    }
  });

  test('of dense JSON, whose escaping costs more than base64, passes up to what base64 takes', async () => {
    for (const [megabytes, expected] of [
      [4.2, 'text'],
      [4.6, 'base64'],
    ] as const) {
      const body = dense(megabytes * 1_000_000);
      const { how, bytes } = await answered({ status: 200, headers: json, body: Buffer.from(body) }, uncompressed);
      expect([how, bytes.equals(Buffer.from(body))]).toEqual([expected, true]);
    }
  });

  test('of ordinary text passes up to what text takes, beyond what base64 would', async () => {
    const body = JSON.stringify({ text: 'x'.repeat(6_000_000) });
    const { how, bytes } = await answered({ status: 200, headers: json, body }, uncompressed);
    expect([how, bytes.byteLength]).toEqual(['text', body.length]);
  });

  test('that fits in no other way travels compressed where the browser takes that, the author’s own too', async () => {
    const body = Buffer.from(dense(9_000_000));
    for (const headers of [json, { ...json, vary: 'Cookie' }]) {
      const answer = await answered({ status: 200, headers, body });
      expect([answer.how, answer.bytes.equals(body)]).toEqual(['compressed', true]);
      expect(answer.headers['vary']).toBe('vary' in headers ? 'Cookie, Accept-Encoding' : 'Accept-Encoding');
    }
    expect((await answered({ status: 200, headers: json, body: String(body) })).how).toBe('compressed');
  });

  for (const [what, body, headers, accepts] of [
    ['a browser that takes no compression', Buffer.from(dense(9_000_000)), json, 'identity'],
    ['a browser that forbids it', Buffer.from(dense(9_000_000)), json, 'gzip;q=0, br'],
    ['an answer that no compression helps', noise(6_000_000), { 'content-type': 'image/png' }, 'gzip'],
    ['an answer that is encoded already', Buffer.alloc(9_000_000), { ...json, 'content-encoding': 'br' }, 'gzip, br'],
  ] as [string, Buffer, Record<string, string>, string][]) {
    test(`that would not fit is 502 response_too_large for ${what}`, async () => {
      const answer = await answered({ status: 200, headers, body }, { headers: { 'accept-encoding': accepts } });
      expect([answer.status, JSON.parse(String(answer.bytes))]).toEqual([
        502,
        expect.objectContaining({ code: 'response_too_large' }),
      ]);
    });
  }

  const described = {
    ...json,
    'content-encoding': 'br',
    'content-language': 'hi',
    'content-disposition': 'attachment',
    'content-length': '7',
    'content-range': 'bytes 0-6/7',
    etag: '"1"',
    vary: 'Cookie, Accept-Encoding',
  };
  const empty = Buffer.alloc(0);

  for (const [status, body] of [
    [304, undefined],
    [304, empty],
    [304, Buffer.from('{}')],
    [204, undefined],
    [204, ''],
    [205, empty],
  ] as const) {
    test(`whose status is ${status} has neither a body nor a header that describes one, given ${JSON.stringify(body)}`, async () => {
      const response = body === undefined ? { status, headers: described } : { status, headers: described, body };
      const answer = await answered(response);
      expect([answer.status, answer.bytes]).toEqual([status, empty]);
      expect(answer.headers).toMatchObject({ etag: '"1"', vary: 'Cookie, Accept-Encoding' });
      expect(Object.keys(answer.headers).filter((name) => name !== 'content-security-policy')).not.toContainEqual(
        expect.stringMatching(/^content-/),
      );
    });
  }

  for (const [what, request, body] of [
    ['to a HEAD', { method: 'HEAD' }, undefined],
    ['to a HEAD, whose handler made a body', { method: 'HEAD' }, Buffer.from('{}')],
    ['to a HEAD, whose handler made more than fits', { method: 'HEAD' }, dense(9_000_000)],
    ['without a body', {}, undefined],
    ['whose body is no bytes long', {}, empty],
    ['whose body is an empty text', {}, ''],
  ] as const) {
    test(`${what} travels without a content-encoding, and keeps its type`, async () => {
      const { 'content-length': _length, ...headers } = described;
      const answer = await answered({ status: 200, headers, ...(body === undefined ? {} : { body }) }, request);
      expect([answer.status, answer.bytes]).toEqual([200, empty]);
      expect(answer.headers).toMatchObject({ ...json, etag: '"1"', vary: 'Cookie, Accept-Encoding' });
      expect(answer.headers).not.toHaveProperty('content-encoding');
    });
  }
});

describe('a refusal', () => {
  async function refusedFor(
    accept: string | undefined,
    mode?: string,
    more: Record<string, string> = {},
  ): Promise<string | undefined> {
    vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const handler = http().handler(() => Promise.reject(new AppError('not_found', 'There is nothing here.')));
    const headers = {
      ...(accept === undefined ? {} : { accept }),
      ...(mode === undefined ? {} : { 'sec-fetch-mode': mode }),
      ...more,
    };
    const result = await handler(gatewayEvent({ path: '/api/x', headers }));
    return String(result.headers?.['content-type']);
  }

  for (const accept of [
    'text/html',
    'TEXT/HTML',
    'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'application/json;q=0, text/html;q=0.1',
    'text/html; q=0.01',
    'application/json;q=0.8, text/html;q=0.9',
    'text/html, */*',
    'text/*;q=0.5, application/*;q=0.4',
    'text/html;level=1;q=0.5, application/json;q=0.4',
    'application/json;q=two, text/html;q=0.1',
  ]) {
    test(`is a page for a person: accept ${accept}`, async () => {
      expect(await refusedFor(accept)).toBe('text/html; charset=utf-8');
    });
  }

  for (const accept of [
    undefined,
    '*/*',
    'application/json',
    'text/html;q=0',
    'text/html; q=0.000, application/json',
    'text/htmlx',
    'application/json, text/html ;q=0.0',
    'application/json, text/html;q=0.1, */*',
    'application/problem+json, text/html;q=0.9',
    'text/html;q=0.9, application/json',
    'text/html;q=0.5, */*',
    'text/html, application/json',
    'text/html;q=0.4, application/*;q=0.5',
    'text/html;q=1.5',
    'text/html;q=',
    '*/*;q=0, text/html;q=0',
    '',
    ',;,=',
  ]) {
    test(`is a problem document for a program: accept ${accept}`, async () => {
      expect(await refusedFor(accept)).toBe('application/problem+json');
    });
  }

  for (const [mode, accept, type] of [
    ['navigate', 'application/json', 'text/html; charset=utf-8'],
    ['navigate', undefined, 'text/html; charset=utf-8'],
    ['cors', 'text/html', 'application/problem+json'],
    ['same-origin', 'text/html,*/*;q=0.8', 'application/problem+json'],
    ['no-cors', 'text/html', 'application/problem+json'],
    ['', 'text/html', 'application/problem+json'],
  ] as const) {
    test(`is for whom Sec-Fetch-Mode ${mode || '(empty)'} says, whatever is accepted: ${accept}`, async () => {
      expect(await refusedFor(accept, mode)).toBe(type);
    });
  }

  test('is for whoever Node’s fetch asks for, whose Sec-Fetch-Mode says nothing', async () => {
    const node = { 'user-agent': 'node' };
    expect(await refusedFor('text/html', 'cors', node)).toBe('text/html; charset=utf-8');
    expect(await refusedFor('*/*', 'cors', node)).toBe('application/problem+json');
  });
});

/** What the compiler refuses: `npm run check` reports an expectation that nothing meets. */
describe('a route’s requirements', () => {
  const actsFor = ({ session }: { session: LiveSession }) => Promise.resolve({ status: 200, body: session.user.name });

  test('are declared in an order that makes sense, or do not compile', () => {
    const declared = [
      http().use(sameOrigin()).use(signedIn()).use(live()).handler(actsFor),
      http().use(anyOrigin()).use(signedIn()).use(live()).handler(actsFor),
      // @ts-expect-error a session that was opened only is none that lives
      http().use(sameOrigin()).use(signedIn()).handler(actsFor),
      // @ts-expect-error there is no session at all
      http().use(sameOrigin()).handler(actsFor),
      // @ts-expect-error whoever has a session says first where its calls may come from
      http().use(signedIn()),
      // @ts-expect-error there is no session yet that could live
      http().use(sameOrigin()).use(live()),
    ];
    expect(declared).toHaveLength(6);
  });

  test('are met in that order; what one finds the next ones have, and the first that refuses is the last', async () => {
    vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const met: string[] = [];
    const finds = <Found extends object>(name: string, found: Found): HttpRequirement<HttpRequest, Found> => ({
      before: ({ event }) => {
        met.push(name);
        return Promise.resolve(void Object.assign(event, found));
      },
    });
    const refuses: HttpRequirement<{ readonly b: number }> = {
      before: ({ event }) => Promise.reject(new AppError('not_found', `a and b are there: ${event.b}`)),
    };
    const chain = http()
      .use(finds('a', { a: 1 }))
      .use(finds('b', { b: 2 }));
    const refusing = http()
      .use(finds('a', { a: 1 }))
      .use(finds('b', { b: 2 }))
      .use(refuses)
      .use(finds('c', {}));
    const never = () => Promise.reject(new Error('It ran.'));
    const sum = chain.handler(({ a, b }) => Promise.resolve({ status: 200, body: String(a + b) }));
    expect(await sum(gatewayEvent({ path: '/x' }))).toMatchObject({ statusCode: 200, body: '3' });
    expect(await refusing.handler(never)(gatewayEvent({ path: '/x' }))).toMatchObject({ statusCode: 404 });
    expect(met).toEqual(['a', 'b', 'a', 'b']);
  });

  test('that answer early answer like any other: headers, bytes and the line in the log are there', async () => {
    const written: string[] = [];
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    const early = {
      before: () =>
        Promise.resolve({ status: 200, headers: { 'content-type': 'image/png' }, body: Buffer.from([137]) }),
    } as unknown as HttpRequirement<HttpRequest>;
    const result = await http()
      .use(early)
      .handler(() => Promise.reject(new Error('It ran.')))(gatewayEvent({ path: '/x' }));
    expect(result).toMatchObject({ statusCode: 200, body: 'iQ==', isBase64Encoded: true });
    expect(result.headers).toHaveProperty('strict-transport-security');
    expect(written).toHaveLength(1);
  });
});

test('a mistake of whoever set the extension up is in the log in words, and nothing of it in the answer', async () => {
  const output: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => output.push(String(text)) > 0);
  const handler = http().handler(() =>
    Promise.reject(new ConfigurationError('The secret of the session key has fewer …')),
  );
  const result = await handler(gatewayEvent({ path: '/api/x' }));
  expect(JSON.parse(output.join(''))).toMatchObject({
    level: 'error',
    status: 500,
    code: 'internal',
    detail: 'The secret of the session key has fewer …',
  });
  expect(result.body).not.toContain('session key');
});
