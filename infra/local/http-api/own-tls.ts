import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Answer } from './process-result.ts';

/**
 * What differs on this machine from a deployment, because of TLS: with a certificate for one run no browser is to insist on
 * TLS for localhost, and without one a WebKit is told why it cannot sign in, by the page and by `note`.
 */
export function adjustForOwnTls(request: IncomingMessage, answer: Answer, note: (sentence: string) => void): Answer {
  if (request.socket instanceof TLSSocket) {
    return {
      ...answer,
      headers: answer.headers.filter(([name]) => name.toLowerCase() !== 'strict-transport-security'),
    };
  }
  const isPage = answer.headers.some(([name, value]) => name.toLowerCase() === 'content-type' && /html/.test(value));
  const keepsNoCookie = answer.status === 400 && isPage && isWebKit(request.headers['user-agent'] ?? '');
  if (!keepsNoCookie || request.headers['x-forwarded-proto'] === 'https') return answer;
  note(hint);
  const text = answer.body
    .toString('utf8')
    .replace('</main>', `<p><strong>On this machine:</strong> ${hint}</p>\n</main>`);
  return { ...answer, body: Buffer.from(text) };
}

const hint =
  'Safari and other WebKit browsers keep no Secure cookie of http://localhost. Stop, and start again with HTTPS=1, or use another browser.';

/** Chromium calls itself both. */
function isWebKit(userAgent: string): boolean {
  return userAgent.includes('AppleWebKit/') && !/Chrom(e|ium)\//.test(userAgent);
}
