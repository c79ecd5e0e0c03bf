import { expect, test } from 'vitest';
import { platformResponse } from '../../functions/runtime/http/platform-response.ts';

test('a 304 keeps what selects and names the answer, and loses what describes its body', () => {
  const headers = {
    'content-type': 'application/json',
    'content-encoding': 'br',
    'content-language': 'hi',
    'content-disposition': 'attachment',
    etag: '"1"',
    'x-request-id': 'r1',
  };
  const request = { method: 'GET', headers: { 'if-none-match': '"1"' } };
  const response = platformResponse(request, { status: 200, headers, body: Buffer.from('packed') });
  expect(response).toEqual({
    status: 304,
    headers: {
      etag: '"1"',
      'x-request-id': 'r1',
      'cache-control': 'private, no-cache',
      'content-security-policy': "default-src 'none'; sandbox",
      'cross-origin-resource-policy': 'same-origin',
      vary: 'Cookie, Accept-Encoding',
    },
    warning: undefined,
  });
});
