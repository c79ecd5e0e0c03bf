import { once } from 'node:events';
import { request } from 'node:https';
import { connect } from 'node:net';
import { TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { makeCertificate } from '../../../infra/local/host/certificate.ts';
import { findFreePort, takePort } from '../../../infra/local/host/listen.ts';
import { send } from './fixture/send.ts';

test('what is asked before somebody serves waits, body and all; what comes after is served at once', async () => {
  const port = await findFreePort();
  const taken = await takePort({ port, name: 'PORT' });
  const origin = `http://127.0.0.1:${port}`;
  const early = send(origin, '/early', { method: 'POST', body: 'x'.repeat(1_000_000) });
  taken.serve((request, response) => {
    let length = 0;
    request.on('data', (chunk: Buffer) => (length += chunk.length));
    request.on('end', () => response.end(`${request.url} ${length}`));
  });
  expect((await early).text).toBe('/early 1000000');
  expect((await send(origin, '/late', { method: 'POST', body: 'x' })).text).toBe('/late 1');
  await taken.close();
});

test('a port that is taken is nobody else’s, and free again once it is closed', async () => {
  const port = { port: await findFreePort(), name: 'BACKEND_PORT' };
  const first = await takePort(port);
  await expect(takePort(port)).rejects.toThrow(`Port ${port.port} (BACKEND_PORT) is in use`);
  const waiting = send(`http://127.0.0.1:${port.port}`, '/');
  waiting.catch(() => undefined);
  await first.close();
  await expect(waiting).rejects.toThrow();
  await (await takePort(port)).close();
});

test('a port with a certificate speaks TLS to whoever begins with that, and plain HTTP to others; closing ends who says nothing', async () => {
  const certificate = await makeCertificate();
  const taken = await takePort({ port: await findFreePort(), name: 'EXTENSION_PORT' }, certificate);
  taken.serve((request, response) => {
    let length = 0;
    request.on('data', (chunk: Buffer) => (length += chunk.length));
    request.on('end', () => response.end(`${request.socket instanceof TLSSocket} ${length}`));
  });
  const body = 'x'.repeat(1_000_000);
  for (const host of ['localhost', '127.0.0.1']) {
    expect((await send(`http://${host}:${taken.port}`, '/', { method: 'POST', body })).text).toBe('false 1000000');
    const answered = await new Promise<string>((resolve, reject) => {
      const asked = request({ host, port: taken.port, method: 'POST', ca: certificate.cert }, (response) => {
        expect((response.socket as TLSSocket).getPeerX509Certificate()?.fingerprint256).toBe(certificate.fingerprint);
        response.on('data', (text: Buffer) => resolve(text.toString()));
      });
      asked.on('error', reject).end(body);
    });
    expect(answered).toBe('true 1000000');
  }
  const silent = connect(taken.port, '127.0.0.1');
  silent.on('error', () => undefined);
  await once(silent, 'connect');
  const ended = once(silent, 'close');
  await taken.close();
  await ended;
});
