/** `GET /_healthz`: answers once requests are served; touches nothing. */
export const handler = (): Promise<unknown> =>
  Promise.resolve({ statusCode: 200, headers: { 'content-type': 'application/json' }, body: '{"ok":true}' });
