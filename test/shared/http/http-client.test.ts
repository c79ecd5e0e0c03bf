import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createHttpClient, deadlineIn, type HttpClientRequest } from '../../../shared/http/http-client.ts';
import type { AppError } from '../../../shared/problems.ts';
import { problemOf } from '../fixture/problem.ts';

const openServers: (() => void)[] = [];
afterEach(() => {
  for (const close of openServers.splice(0)) close();
});

/** A server that sees raw bytes and answers raw bytes: `answer` gets a whole request, headers and body. */
async function startServer(answer: (socket: Socket, request: string) => void) {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let received = '';
    socket.setEncoding('latin1').on('error', () => {});
    socket.on('data', (chunk: string) => {
      received += chunk;
      const headEnd = received.indexOf('\r\n\r\n') + 4;
      const length = Number(/content-length: (\d+)/i.exec(received.slice(0, headEnd))?.[1] ?? 0);
      if (headEnd < 4 || received.length < headEnd + length) return;
      requests.push(received);
      answer(socket, received);
      received = '';
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  openServers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as { port: number };
  return { origin: `http://127.0.0.1:${port}`, requests, sockets };
}

const get = (origin: string): HttpClientRequest => ({ origin, method: 'GET', target: '/x', headers: {} });
const soon = () => deadlineIn(10_000);
const ok = (socket: Socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');

describe('a request to the platform', () => {
  test('goes on while another begins, however long it takes', async () => {
    const slow = Promise.withResolvers<Socket>();
    const { origin, sockets } = await startServer((socket, request) =>
      request.startsWith('POST') ? slow.resolve(socket) : ok(socket),
    );
    const client = createHttpClient();
    const write = client({ ...get(origin), method: 'POST' }, soon());
    const held = await slow.promise;
    const realNow = performance.now.bind(performance);
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => realNow() + 5_000);
    expect((await client(get(origin), soon())).status).toBe(200);
    clock.mockRestore();
    ok(held);
    expect((await write).body.toString()).toBe('ok');
    expect(sockets.size).toBe(2);
  });

  test('sends path, query, headers and body to the byte', async () => {
    const { origin, requests } = await startServer(ok);
    const target = `/service/a%2fb/%C3%A9//./..;x=1/?b=2&a=1&a=1&q=a+b%20c&e=&'!*()`;
    const body = Buffer.from([0, 1, 0xff, 0x0d, 0x0a]);
    await createHttpClient()(
      { origin, method: 'POST', target, headers: { 'x-a': '1', host: 'api.example' }, body },
      soon(),
    );
    const [request = ''] = requests;
    expect(request.startsWith(`POST ${target} HTTP/1.1\r\n`)).toBe(true);
    expect(request).toContain('x-a: 1\r\n');
    expect(request).toContain('host: api.example\r\n');
    expect(request.endsWith(`\r\n\r\n${body.toString('latin1')}`)).toBe(true);
  });

  test('can send a GET with a body, and a POST without one', async () => {
    const { origin, requests } = await startServer(ok);
    const httpClient = createHttpClient();
    await httpClient({ ...get(origin), body: Buffer.from('{}') }, soon());
    await httpClient({ ...get(origin), method: 'POST' }, soon());
    expect(requests[0]).toMatch(/^GET [^]*content-length: 2[^]*\{\}$/);
    expect(requests[1]).toMatch(/^POST [^]*content-length: 0/i);
  });

  test('answers status, joined headers and bytes as they came, without set-cookie', async () => {
    const { origin } = await startServer((socket) =>
      socket.write(
        'HTTP/1.1 418 Teapot\r\nLink: <a>\r\nLink: <b>\r\nSet-Cookie: a=CANARY-cookie\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\u0000\u00ff\r\n',
        'latin1',
      ),
    );
    const answer = await createHttpClient()(get(origin), soon());
    expect(answer.status).toBe(418);
    expect(answer.headers).toEqual({ link: '<a>, <b>', 'content-encoding': 'gzip', 'content-length': '4' });
    expect(answer.body).toEqual(Buffer.from([0, 0xff, 0x0d, 0x0a]));
  });

  test('does not follow a redirect', async () => {
    const { origin, requests } = await startServer((socket) =>
      socket.write('HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/evil\r\ncontent-length: 0\r\n\r\n'),
    );
    const answer = await createHttpClient()(get(origin), soon());
    expect(answer).toMatchObject({ status: 302, headers: { location: 'http://127.0.0.1:9/evil' } });
    expect(requests).toHaveLength(1);
  });

  test('uses one connection for calls in a row', async () => {
    const { origin, requests, sockets } = await startServer(ok);
    const httpClient = createHttpClient();
    for (const body of [undefined, Buffer.from('{}'), Buffer.alloc(100_000)]) {
      await httpClient({ ...get(origin), method: body === undefined ? 'GET' : 'POST', body }, soon());
    }
    await httpClient(get(origin), soon());
    expect([requests.length, sockets.size]).toEqual([4, 1]);
  });

  for (const [name, answer] of [
    ['hangs up before it answers', (socket: Socket) => socket.destroy()],
    ['hangs up within the headers', (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-le')],
    ['hangs up within the body', (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf')],
    [
      'hangs up within a chunk',
      (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nhalf'),
    ],
    ['answers garbage', (socket: Socket) => socket.end('<html>bad gateway</html>\r\n\r\n')],
    [
      'contradicts itself about the length',
      (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'),
    ],
    ['answers status 600', (socket: Socket) => socket.write('HTTP/1.1 600 X\r\ncontent-length: 0\r\n\r\n')],
    ['answers status 999', (socket: Socket) => socket.write('HTTP/1.1 999 X\r\ncontent-length: 0\r\n\r\n')],
    ['answers status 99', (socket: Socket) => socket.write('HTTP/1.1 099 X\r\ncontent-length: 0\r\n\r\n')],
    [
      'changes the protocol',
      (socket: Socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
    ],
  ] as const) {
    test(`is a platform_error when the platform ${name}`, async () => {
      const { origin } = await startServer(answer);
      expect(await problemOf(createHttpClient()(get(origin), soon()))).toMatchObject({
        code: 'platform_error',
        status: 502,
      });
    });
  }

  for (const status of [204, 304]) {
    for (const [what, more] of [
      ['nothing', ''],
      ['a body', 'content-length: 4\r\n\r\nbody'],
      ['less body than it says', 'content-length: 9\r\n\r\nhalf'],
      ['garbage', '\r\n<html>not this</html>'],
    ] as const) {
      test(`of which a ${status} comes back has no body, with ${what} after it`, async () => {
        const { origin } = await startServer((socket) =>
          socket.write(`HTTP/1.1 ${status} X\r\netag: "1"\r\n${more === '' ? '\r\n' : more}`),
        );
        const httpClient = createHttpClient();
        for (let round = 0; round < 2; round++) {
          const answer = await httpClient(get(origin), deadlineIn(2_000));
          expect([answer.status, answer.headers['etag'], answer.body.byteLength]).toEqual([status, '"1"', 0]);
        }
      });
    }
  }

  for (const [method, head] of [
    ['HEAD', 'HTTP/1.1 200 OK\r\ncontent-length: 47\r\n\r\n'],
    ['HEAD', 'HTTP/1.1 200 OK\r\n\r\n'],
    ['HEAD', 'HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\n\r\n'],
    ['GET', 'HTTP/1.1 304 Not Modified\r\netag: "1"\r\n\r\n'],
    ['DELETE', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ] as const) {
    test(`never takes for an answer what comes late after ${JSON.stringify(head)} to a ${method}`, async () => {
      const { origin, requests } = await startServer((socket, request) => {
        if (request.startsWith('GET /next')) {
          // What the first call was still owed arrives now, before this one's own answer.
          if (socket === first) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nCANARY');
          ok(socket);
        } else {
          first = socket;
          socket.write(head);
        }
      });
      let first: Socket | undefined;
      const httpClient = createHttpClient();
      const bodiless = await httpClient({ ...get(origin), method }, soon());
      expect(bodiless.body.byteLength).toBe(0);
      expect(String((await httpClient({ ...get(origin), target: '/next' }, soon())).body)).toBe('ok');
      expect(requests).toHaveLength(2);
    });
  }

  test('that was answered before it was sent whole leaves no connection to the next', async () => {
    const body = Buffer.alloc(8 * 1024 * 1024);
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const connections: Socket[] = [];
    const server = createServer((socket) => {
      const isFirst = connections.push(socket) === 1;
      let received = 0;
      socket.on('error', () => {}).on('close', resolve);
      socket.on('data', (chunk) => {
        if (received === 0 && isFirst) socket.write('HTTP/1.1 413 X\r\ncontent-length: 0\r\n\r\n');
        if (!isFirst) ok(socket);
        received += chunk.byteLength;
        if (received > body.byteLength) resolve();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    openServers.push(() => {
      for (const socket of connections) socket.destroy();
      server.close();
    });
    const origin = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    const httpClient = createHttpClient();
    expect((await httpClient({ ...get(origin), method: 'POST', body }, soon())).status).toBe(413);
    await over;
    expect((await httpClient(get(origin), soon())).status).toBe(200);
    expect(connections).toHaveLength(2);
  });

  test('is a platform_error when nobody listens', async () => {
    const { origin } = await startServer(ok);
    for (const close of openServers.splice(0)) close();
    expect(await problemOf(createHttpClient()(get(origin), soon()))).toMatchObject({ code: 'platform_error' });
  });

  for (const [name, answer] of [
    ['says nothing', () => {}],
    ['stops within the body', (socket: Socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf')],
  ] as const) {
    test(`is a platform_timeout when the platform ${name} until the deadline, and hangs up then`, async () => {
      const { origin, sockets } = await startServer(answer);
      const doing = problemOf(createHttpClient()(get(origin), deadlineIn(100)));
      expect(await doing).toMatchObject({ code: 'platform_timeout', status: 504 });
      const [socket] = sockets;
      if (socket && !socket.closed) await once(socket, 'close');
    });
  }

  test('with a deadline that has passed ends in platform_timeout', async () => {
    const { origin } = await startServer(() => {});
    expect(await problemOf(createHttpClient()(get(origin), deadlineIn(0)))).toMatchObject({ code: 'platform_timeout' });
  });

  test('stops reading an answer that could never be handed on', async () => {
    const { origin } = await startServer((socket) => {
      const chunk = Buffer.alloc(4 * 1024 * 1024);
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const more = () => {
        while (socket.writable && socket.write(chunk));
      };
      socket.on('drain', more);
      more();
    });
    expect(await problemOf(createHttpClient()(get(origin), soon()))).toMatchObject({ code: 'response_too_large' });
  });

  test('stops reading where nothing that answers the request is as long', async () => {
    for (const [length, outcome] of [
      [64, 'read'],
      [65, 'platform_error'],
    ] as const) {
      const body = 'x'.repeat(length);
      // What is over the limit is never sent to its end.
      const head = `HTTP/1.1 200 OK\r\ncontent-length: ${length === 64 ? 64 : 1_000}\r\n\r\n`;
      const { origin } = await startServer((socket) => socket.write(head + body));
      const reading = createHttpClient()({ ...get(origin), maxResponseBytes: 64 }, soon());
      const came = await reading.then(
        () => 'read',
        (error: AppError) => error.code,
      );
      expect(came).toBe(outcome);
    }
  });

  test('that fails says nothing of what was sent', async () => {
    const { origin } = await startServer((socket) => socket.destroy());
    const request = { ...get(origin), headers: { authorization: 'Bearer CANARY-token' } };
    const refusal = await problemOf(createHttpClient()(request, soon()));
    expect(JSON.stringify(refusal.toProblem('r'))).not.toContain('CANARY');
  });
});
