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
      vary: 'Cookie, Authorization, Accept-Encoding',
    },
    warning: undefined,
  });
});

const statusOf = (condition: string, etag = '"a,b"') =>
  platformResponse(
    { method: 'GET', headers: { 'if-none-match': condition } },
    { status: 200, headers: { etag }, body: Buffer.from('{}') },
  ).status;

test.each([
  ['"a,b"', 304],
  ['W/"a,b"', 304],
  ['"x" ,, "a,b","y"', 304],
  ['"x,", W/"a,b"', 304],
  [' * ', 304],
  ['"a', 200],
  ['"a","b"', 200],
  ['a,b', 200],
  ['w/"a,b"', 200],
  ['"*"', 200],
  ['', 200],
])('If-None-Match: %s is answered %i where the ETag has a comma', (condition, status) => {
  expect(statusOf(condition)).toBe(status);
});

test('a weak ETag, and one that a platform writes without quotation marks, match themselves', () => {
  expect(statusOf('"1"', 'W/"1"')).toBe(304);
  expect(statusOf('x, abc', 'abc')).toBe(304);
  expect(statusOf('"abc"', 'abc')).toBe(200);
});

// Quadratic, some of these would take longer than a test may.
test.each(['"', '",', 'W/', 'W/"', ',', '"x', ' '])('a condition of 400 KB of «%s» is judged at once', (part) => {
  expect(statusOf(part.repeat(400_000 / part.length))).toBe(200);
});
