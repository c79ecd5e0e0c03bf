import { securityHeaders } from './runtime/http/security-headers.ts';

/** `GET /_healthz`: answers once requests are served; touches nothing. */
export const handler = (): Promise<unknown> =>
  Promise.resolve({
    statusCode: 200,
    headers: { ...securityHeaders, 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: '{"ok":true}',
  });
