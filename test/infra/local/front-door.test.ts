import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LocalExtension } from '../../../infra/local/start-local-extension.ts';
import { send, sendBytes } from './fixture/send.ts';
import { startFixture, temporaryDirectory } from './fixture/start-fixture.ts';

const data = temporaryDirectory();
let extension: LocalExtension;

beforeAll(async () => {
  extension = await startFixture({ dataDir: data.path });
});
afterAll(async () => {
  await extension.close();
  data[Symbol.dispose]();
});

async function eventOf(target: string, options?: Parameters<typeof send>[2]): Promise<APIGatewayProxyEventV2> {
  const received = await send(extension.baseUrl, target, options);
  expect(received.status).toBe(200);
  return (received.json() as { event: APIGatewayProxyEventV2 }).event;
}

describe('the event', () => {
  test('paths and path parameters are decoded, the query string is as it was sent', async () => {
    const event = await eventOf('/echo/a%20b/rest/x%2Fy%25/?q=a+b&q=a%2Bb&u=%3A%2F%2F&empty=&bare&bad=%zz');
    expect(event.rawPath).toBe('/echo/a b/rest/x/y%/');
    expect(event.requestContext.http.path).toBe('/echo/a b/rest/x/y%/');
    expect(event.pathParameters).toEqual({ id: 'a b', path: 'x/y%/' });
    expect(event.rawQueryString).toBe('q=a+b&q=a%2Bb&u=%3A%2F%2F&empty=&bare&bad=%zz');
    expect(event.queryStringParameters).toEqual({ q: 'a b,a+b', u: '://', empty: '', bare: '', bad: '%zz' });
  });

  test('an escaped question mark ends the path and begins no query', async () => {
    const event = await eventOf('/echo/first%3Fsecond/third?a=1');
    expect(event.rawPath).toBe('/echo/first');
    expect(event.rawQueryString).toBe('a=1');
  });

  test('parameters that are not there are left out', async () => {
    const event = await eventOf('/echo');
    for (const name of ['cookies', 'queryStringParameters', 'pathParameters', 'stageVariables', 'body']) {
      expect(event).not.toHaveProperty(name);
    }
    expect(event.rawQueryString).toBe('');
    expect(event.isBase64Encoded).toBe(false);
  });

  test('header names are lower-case, repeats are joined by commas, cookies come apart', async () => {
    const event = await eventOf('/echo', {
      headers: { 'X-Many': ['one', 'two'], Cookie: ['a=1; b="2"', 'c=3'], TE: 'trailers' },
    });
    expect(event.headers['x-many']).toBe('one,two');
    expect(event.cookies).toEqual(['a=1', 'b="2"', 'c=3']);
    expect(event.headers).not.toHaveProperty('cookie');
    expect(event.headers).not.toHaveProperty('connection');
    expect(event.headers).not.toHaveProperty('te');
  });

  test('of the space around a cookie only what HTTP calls so is cut off', async () => {
    const event = await eventOf('/echo', { headers: { cookie: '\xa0a=1\xa0; \t b=2\t;;c=3' } });
    expect(event.cookies).toEqual(['\xa0a=1\xa0', 'b=2', 'c=3']);
  });

  test('the gateway says by which way the request came', async () => {
    const { port, host } = new URL(extension.baseUrl);
    const event = await eventOf('/echo', {
      headers: { 'x-forwarded-for': '192.0.2.1', 'x-forwarded-proto': 'gopher' },
    });
    expect(event.headers).toMatchObject({
      host,
      'content-length': '0',
      'x-forwarded-for': '192.0.2.1, 127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-port': port,
      'x-amzn-trace-id': expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/),
    });
  });

  test('the request context is complete', async () => {
    const event = await eventOf('/echo', { headers: { 'user-agent': 'test/1' } });
    const { requestContext } = event;
    expect(requestContext).toEqual({
      accountId: '000000000000',
      apiId: expect.any(String),
      domainName: 'localhost',
      domainPrefix: 'localhost',
      http: { method: 'GET', path: '/echo', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test/1' },
      requestId: expect.stringMatching(/^[\w-]{15}=$/),
      routeKey: 'ANY /echo',
      stage: '$default',
      time: expect.stringMatching(/^\d{2}\/[A-Z][a-z]{2}\/\d{4}:\d{2}:\d{2}:\d{2} \+0000$/),
      timeEpoch: expect.any(Number),
    });
    expect(event.version).toBe('2.0');
    expect(event.routeKey).toBe('ANY /echo');
  });

  test.each([
    ['application/json', '{"ä":1}', false],
    ['application/json; charset=utf-8', '{}', false],
    ['text/csv', 'a,b', false],
    ['application/x-www-form-urlencoded', 'a=b', true],
    ['application/octet-stream', 'abc', true],
  ])('a body of type %s: base64 is %3$s', async (type, body, isBase64Encoded) => {
    const event = await eventOf('/echo', { method: 'POST', headers: { 'content-type': type }, body });
    expect(event.isBase64Encoded).toBe(isBase64Encoded);
    expect(Buffer.from(event.body ?? '', isBase64Encoded ? 'base64' : 'utf8').toString()).toBe(body);
  });

  test('text that is no UTF-8 keeps its bytes', async () => {
    const body = Buffer.from([0x7b, 0xff, 0x7d]);
    const event = await eventOf('/echo', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect(event.isBase64Encoded).toBe(true);
    expect(Buffer.from(event.body ?? '', 'base64')).toEqual(body);
  });
});

describe('the answer', () => {
  const behave = (what: string, method = 'GET') => send(extension.baseUrl, `/behave?do=${what}`, { method });
  const internal = { status: 500, text: '{"message":"Internal Server Error"}' };

  test('each cookie is a Set-Cookie of its own', async () => {
    const received = await behave('cookies');
    expect(received.status).toBe(204);
    expect(received.headers['set-cookie']).toEqual(['a=1; Path=/', 'b=2']);
    expect(received.headers.location).toBe('/x');
  });

  test('base64 is decoded, header names do not matter by case', async () => {
    const received = await behave('binary');
    expect(received.body).toEqual(Buffer.from([0, 255, 1]));
    expect(received.headers['content-type']).toBe('image/png');
  });

  test('date, request id and a content type are added; multiValueHeaders are ignored', async () => {
    const received = await behave('multiValue');
    expect(received.headers).toMatchObject({
      date: expect.any(String),
      'apigw-requestid': expect.any(String),
      'content-type': 'text/plain; charset=utf-8',
    });
    expect(received.headers).not.toHaveProperty('x-many');
  });

  test('a result without a status is the JSON body of a 200', async () => {
    for (const [what, text] of [
      ['object', '{"hello":"world"}'],
      ['text', 'plain'],
      ['nothing', 'null'],
    ] as const) {
      const received = await behave(what);
      expect(received).toMatchObject({ status: 200, text, headers: { 'content-type': 'application/json' } });
    }
  });

  test.each([
    'throw',
    'fraction',
    'numberHeader',
    'splitHeader',
    'objectBody',
    'circular',
    'encodedText',
    'encodedNothing',
    'encodedEmpty',
    'encodedNotModified',
    'big',
  ])('a result that cannot travel is a 500: %s', async (what) => {
    expect(await behave(what)).toMatchObject(internal);
  });

  test('a status without a body gets no content type', async () => {
    for (const [what, status] of [
      ['notModified', 304],
      ['cookies', 204],
    ] as const) {
      const received = await behave(what);
      expect(received.status).toBe(status);
      expect(received.headers).not.toHaveProperty('content-type');
    }
  });

  test('just under six megabytes travel', async () => {
    const received = await behave('almostBig');
    expect(received.status).toBe(200);
    expect(received.body.length).toBe(6_291_000);
  });

  test('HEAD is a method like others, and its answer has no body', async () => {
    const received = await behave('object', 'HEAD');
    expect(received.status).toBe(200);
    expect(received.body.length).toBe(0);
  });
});

describe('what the gateway refuses by itself', () => {
  test('an unknown route, and a known one with another method', async () => {
    for (const [target, method] of [
      ['/nowhere', 'GET'],
      ['/', 'GET'],
      ['/echo/', 'GET'],
      // What a base URL with a slash at its end makes of every path.
      ['//echo', 'GET'],
      ['/impatient', 'POST'],
      ['*', 'OPTIONS'],
    ] as const) {
      const received = await send(extension.baseUrl, target, { method });
      expect(received).toMatchObject({ status: 404, text: '{"message":"Not Found"}' });
      expect(received.headers['content-type']).toBe('application/json');
      expect(received.headers).toHaveProperty('apigw-requestid');
    }
  });

  test('a path that cannot be decoded', async () => {
    expect(await send(extension.baseUrl, '/echo/%zz')).toMatchObject({ status: 400 });
    expect(await send(extension.baseUrl, '/echo/%ff')).toMatchObject({ status: 400 });
  });

  test('10,240 bytes of request line and header values pass, one more does not', async () => {
    const { host } = new URL(extension.baseUrl);
    const fixed = `GET /echo HTTP/1.1${host}close`.length;
    const withHeader = (length: number) =>
      send(extension.baseUrl, '/echo', { headers: { 'x-filling': 'x'.repeat(length - fixed) } });
    expect((await withHeader(10_240)).status).toBe(200);
    expect(await withHeader(10_241)).toMatchObject({
      status: 431,
      text: '{"message":"Request Header Fields Too Large"}',
    });
  });

  test('a header of a megabyte, and several thousand of them, get the same clean answer', async () => {
    const megabyte = await send(extension.baseUrl, '/echo', { headers: { 'x-filling': 'x'.repeat(1_000_000) } });
    expect(megabyte.status).toBe(431);
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`x-${index}`, 'xyz']));
    expect((await send(extension.baseUrl, '/echo', { headers: many })).status).toBe(431);
  });

  test('what is no HTTP', async () => {
    expect(await sendBytes(extension.baseUrl, 'hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [^]*"Bad Request"/);
  });

  test('a body over 10 MB, whether its length was said or not', async () => {
    const body = Buffer.alloc(10_485_761);
    const refused = { status: 413, text: '{"message":"Request Entity Too Large"}' };
    expect(await send(extension.baseUrl, '/echo', { method: 'POST', body })).toMatchObject(refused);
    const headers = { 'transfer-encoding': 'chunked' };
    expect(await send(extension.baseUrl, '/echo', { method: 'POST', headers, body })).toMatchObject(refused);
  });

  test('a body that makes an event over 6 MB: text sooner than its length says, binary at three quarters', async () => {
    const post = (type: string, body: string) =>
      send(extension.baseUrl, '/behave', { method: 'POST', headers: { 'content-type': type }, body });
    expect((await post('text/plain', 'x'.repeat(6_200_000))).status).toBe(200);
    expect((await post('text/plain', '"'.repeat(3_200_000))).status).toBe(413);
    expect((await post('application/octet-stream', 'x'.repeat(4_600_000))).status).toBe(200);
    expect((await post('application/octet-stream', 'x'.repeat(4_800_000))).status).toBe(413);
  });
});

test('both loopback addresses are served', async () => {
  const { port } = new URL(extension.baseUrl);
  const statuses = await Promise.all(
    ['127.0.0.1', '[::1]'].map((host) => fetch(`http://${host}:${port}/_healthz`).then(({ status }) => status)),
  );
  expect(statuses).toEqual([200, 200]);
});

test('a line for each request tells no query, and what the function said stands before it', async () => {
  await send(extension.baseUrl, '/echo/lines?secret=CANARY-query');
  const logs = extension.logs();
  const said = logs.findIndex((line) => line.includes('Echo | echo of /echo/lines'));
  const request = logs.findIndex((line) => /^GET +\/echo\/lines 200 \d+ ms Echo$/.test(line));
  expect(said).toBeGreaterThanOrEqual(0);
  expect(request).toBeGreaterThan(said);
  expect(logs.join('\n')).not.toContain('CANARY-query');
  await send(extension.baseUrl, '/behave?do=binary');
  expect(extension.logs().at(-1)).toMatch(/Behave user-cache; hit$/);
});
