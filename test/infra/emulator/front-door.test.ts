import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { openFrontDoor } from '../../../infra/emulator/front-door.ts';
import { makeCertificate } from '../../../infra/local/host/certificate.ts';
import { closeServer, listenInternally } from '../../../infra/local/host/listen.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (let close = closers.pop(); close; close = closers.pop()) await close();
});

/** An emulator that says what it was asked, and a door that leads to its API `0a1b2c3d`, if there is one. */
async function open(apiId: string | null = '0a1b2c3d') {
  const directory = mkdtempSync(join(tmpdir(), 'front-door-'));
  closers.push(() => rmSync(directory, { recursive: true }));
  const certificate = await makeCertificate();
  const certificateFile = join(directory, 'certificate.pem');
  writeFileSync(certificateFile, certificate.cert);
  const emulator = createTlsServer(certificate, (incoming, response) => {
    response.writeHead(201, ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X-Case', 'kept']);
    const { method, url, headers } = incoming;
    void text(incoming).then((body) => response.end(JSON.stringify({ method, url, ...headers, body })));
  });
  await listenInternally(emulator);
  closers.push(() => closeServer(emulator));
  const { port } = emulator.address() as AddressInfo;
  const door = openFrontDoor({ port, certificateFile }, () => apiId ?? undefined);
  closers.push(() => door.close());
  const server = createServer(door.listener);
  const origin = await listenInternally(server);
  closers.push(() => closeServer(server));
  return { origin, port, emulator };
}

async function ask(origin: string, path: string, options: { method?: string; headers?: object; body?: string } = {}) {
  const { body, headers, method = 'GET' } = options;
  const outgoing = request(`${origin}${path}`, { method, headers: { ...headers } });
  outgoing.end(body);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.on('response', resolve).on('error', reject);
  });
  return { status: response.statusCode, headers: response.headers, text: await text(response) };
}

test('a request reaches the API as it was sent, but for the name by which the emulator finds it', async () => {
  const { origin, port } = await open();
  const path = '/api/platform/a%252Fb/%20?q=%C3%A9&q=2';
  const headers = { cookie: 'x=1; y=2', 'x-own': 'of mine' };
  const { status, headers: answered, text: said } = await ask(origin, path, { method: 'PUT', headers, body: 'sent' });
  expect([status, answered['set-cookie'], answered['x-case']]).toEqual([201, ['a=1', 'b=2'], 'kept']);
  expect(JSON.parse(said)).toMatchObject({
    ...headers,
    method: 'PUT',
    url: path,
    host: `0a1b2c3d.execute-api.localhost:${port}`,
    body: 'sent',
  });
});

test('while there is no API, and where the emulator does not answer, a request is answered with 502', async () => {
  const undeployed = await open(null);
  expect((await ask(undeployed.origin, '/')).status).toBe(502);
  const { origin, emulator } = await open();
  emulator.removeAllListeners('request').on('request', (incoming: IncomingMessage) => void incoming.socket.destroy());
  expect(await ask(origin, '/')).toMatchObject({ status: 502, text: '{"message":"Bad Gateway"}' });
});
