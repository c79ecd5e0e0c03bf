import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { signatureDate, signRequest } from '../fp-signature.ts';
import type { Answer } from '../http.ts';
import { maskBody, maskHeaders } from '../mask.ts';
import { platformNow } from '../settings.ts';
import type { State } from '../state.ts';
import { companies } from '../world.ts';
import type { ProxyPath } from './proxy-paths.ts';
import type { Shopper } from './shoppers.ts';

/** What is done to a shopper's call before it leaves: changed after signing, signed with another secret, or not signed. */
export const callTamperings = ['body', 'shopper', 'signature', 'unsigned'] as const;

/** A shopper's call as it comes to the storefront. */
export type ShopperCall = {
  method: string;
  /** What follows the attached path, escaped as it came, with its query: empty, or with a slash or question mark first. */
  rest: string;
  headers: Readonly<Record<string, string>>;
  body: Buffer;
  shopper: Shopper | undefined;
  tamper?: (typeof callTamperings)[number] | undefined;
  /** How far its date is from the platform's clock. */
  dateOffsetSeconds?: number | undefined;
};

/** Headers of the shopper's browser that go on; what the platform says itself nobody else may say. */
const passes = (name: string): boolean =>
  ['accept', 'accept-language', 'content-type', 'if-none-match', 'user-agent'].includes(name) ||
  (name.startsWith('x-') && !name.startsWith('x-fp-') && !['x-user-data', 'x-application-data'].includes(name));

const own = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length']);

function headersOf(
  state: State,
  path: ProxyPath,
  call: ShopperCall,
  target: URL,
  pathAndQuery: string,
): Record<string, string> {
  const application = companies.get(path.company_id)?.applications.find(({ id }) => id === path.application_id);
  const at = platformNow(state.settings).getTime() + (call.dateOffsetSeconds ?? 0) * 1000;
  const date = signatureDate(new Date(at));
  const signed = {
    host: target.host,
    'x-fp-date': date,
    ...(call.shopper && { 'x-user-data': ascii(call.shopper) }),
    'x-application-data': ascii({
      _id: path.application_id,
      token: application?.token,
      name: application?.name,
      company_id: Number(path.company_id),
    }),
  };
  const signedPath =
    state.settings.storefrontSigns === 'extension-path' ? pathAndQuery : `/ext/${path.attached_path}${call.rest}`;
  const secret = call.tamper === 'signature' ? `not ${state.extension.apiSecret}` : state.extension.apiSecret;
  const request = { method: call.method, path: signedPath, headers: signed, body: call.body };
  return {
    ...Object.fromEntries(Object.entries(call.headers).filter(([name]) => passes(name))),
    ...signed,
    ...(call.tamper === 'unsigned'
      ? {}
      : { 'x-fp-signature': signRequest(request, { date, secret, signs: () => true }) }),
    ...(call.tamper === 'shopper' && { 'x-user-data': ascii({ _id: '000000000000000000000bad' }) }),
  };
}

/** JSON that a header can carry. */
const ascii = (value: unknown): string =>
  JSON.stringify(value).replace(/[^\x20-\x7e]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Forwards a shopper's call to the extension, signed (v2), and hands back its answer; 502 where there is none. */
export async function forward(state: State, path: ProxyPath, call: ShopperCall): Promise<Answer> {
  const target = new URL(path.proxy_url);
  const pathAndQuery = `${target.pathname.replace(/\/$/, '')}${call.rest}` || '/';
  const headers = headersOf(state, path, call, target, pathAndQuery);
  const entry = state.log.add({
    from: 'platform',
    to: 'extension',
    kind: 'api',
    what: `A shopper’s call at /ext/${path.attached_path} is forwarded${call.tamper ? `, tampered: ${call.tamper}` : ''}`,
    method: call.method,
    url: `${target.origin}${pathAndQuery}`,
    status: null,
    took_ms: null,
    company: path.company_id,
    request: {
      headers: maskHeaders(state, headers),
      body: maskBody(state, call.body, headers['content-type']),
    },
  });
  const startedAt = performance.now();
  const body = call.tamper === 'body' ? Buffer.concat([call.body, Buffer.from(' ')]) : call.body;
  const answer = await send(target, { method: call.method, path: pathAndQuery, headers, body });
  state.log.change(entry, {
    status: answer?.status ?? 0,
    took_ms: Math.round(performance.now() - startedAt),
    ...(answer && { response: { headers: answer.headers, body: maskBody(state, answer.body) } }),
  });
  return answer ?? { status: 502, headers: { 'content-type': 'text/plain' }, body: 'The extension gave no answer' };
}

/** By Node's own client: the path arrives as it was escaped. */
function send(
  target: URL,
  given: { method: string; path: string; headers: Record<string, string>; body: Buffer },
): Promise<Answer | undefined> {
  const { promise, resolve } = Promise.withResolvers<Answer | undefined>();
  const { body, headers, ...rest } = given;
  const ask = target.protocol === 'https:' ? requestHttps : requestHttp;
  const request = ask(
    {
      hostname: target.hostname,
      port: target.port,
      ...rest,
      headers: { ...headers, ...(body.length > 0 && { 'content-length': body.length }) },
      timeout: 30_000,
    },
    (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', () => resolve(undefined));
      response.on('end', () => {
        const kept = Object.entries(response.headers).flatMap(([name, value]): [string, string][] =>
          value === undefined || own.has(name) ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
        );
        resolve({ status: response.statusCode ?? 502, headers: Object.fromEntries(kept), body: Buffer.concat(chunks) });
      });
    },
  );
  request.on('timeout', () => request.destroy());
  request.on('error', () => resolve(undefined));
  request.end(body);
  return promise;
}
