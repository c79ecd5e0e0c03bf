import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { sign } from '@gofynd/fp-signature';
import { describe, expect, test, vi } from 'vitest';
import { findFreePort } from '../../../infra/local/host/listen.ts';
import { startPlatform } from '../../../infra/simulated-platform/platform.ts';
import { authorizePath, extension, locationOf, platform } from './simulated.ts';

async function startRegional() {
  const started = await startPlatform({ extension: { ...extension, region: 'asia-south1' } });
  return { ...started, [Symbol.asyncDispose]: () => started.close() };
}

describe('the program', () => {
  const program = (port: number | string, changes: Record<string, string> = {}) => {
    const child = spawn(process.execPath, ['infra/simulated-platform/main.ts'], {
      env: {
        PORT: String(port),
        EXTENSION_API_KEY: extension.apiKey,
        EXTENSION_API_SECRET: extension.apiSecret,
        EXTENSION_BASE_URL: extension.baseUrl,
        ...changes,
      },
    });
    const said = { out: '', err: '' };
    child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()));
    return { child, said, ended: once(child, 'close') };
  };

  test('lets somebody agree in the region that it was told of, at an address that was signed with it', async () => {
    await using regional = await startRegional();
    const path = authorizePath('company/1', {}, regional, '/region/asia-south1');
    const agree = (address: string) =>
      fetch(regional.origin + address, {
        method: 'POST',
        body: new URLSearchParams({ user: 'owner', decision: 'allow' }),
        redirect: 'manual',
      });
    expect(locationOf(await agree(path)).searchParams.get('code')).toMatch(/./);
    expect((await agree(path.replace('asia-south1', 'europe'))).status).toBe(404);
  });

  test('says that it is ready, logs neither query nor secret, and ends at an interrupt however often it comes', async () => {
    const free = await startPlatform({ extension });
    const port = Number(new URL(free.origin).port);
    await free.close();
    const { child, said, ended } = program(port);
    await vi.waitFor(() => expect(said.out).toBe(`platform ready http://127.0.0.1:${port}\n`), 5000);
    await fetch(`http://127.0.0.1:${port}/?secret=CANARY-query`);
    await vi.waitFor(() => expect(said.out).toMatch(/^200 GET \/$/m));
    child.kill('SIGINT');
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    expect(said.out + said.err).not.toContain('CANARY');
  });

  test.each([
    ['PORT', 'abc', 'must be a port number'],
    ['PORT', '65536', 'must be a port number'],
    ['EXTENSION_API_KEY', '', 'is not set'],
    ['EXTENSION_API_SECRET', ' ', 'is not set'],
    ['EXTENSION_API_SECRET', 'CANARY two words', 'must be'],
    ['EXTENSION_BASE_URL', '', 'is not set'],
    ['EXTENSION_BASE_URL', 'localhost:3001', 'must be the origin'],
    ['EXTENSION_BASE_URL', 'https://CANARY@extension.example', 'must be the origin'],
    ['EXTENSION_BASE_URL', 'https://extension.example/path', 'must be the origin'],
    ['EXTENSION_SCOPES', 'company/products company/orders', 'must be scopes'],
    ['EXTENSION_SCOPES', 'company/products,', 'must be scopes'],
    ['EXTENSION_SCOPES', 'products', 'must be scopes'],
  ])('%s may not be %j: one sentence and status 1', async (name, value, sentence) => {
    const { said, ended } = program(3999, { [name]: value });
    expect(await ended).toEqual([1, null]);
    expect(said).toEqual({ out: '', err: expect.stringMatching(new RegExp(`^${name} ${sentence}[^\\n]+\\.\\n$`)) });
    expect(said.err).not.toContain('CANARY');
  });

  test('is what `npm run platform` runs, and the extension’s details name the scopes that it is given', async () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    expect(scripts['platform']).toBe('node infra/run.mjs infra/simulated-platform/main.ts');
    const port = await findFreePort();
    const { child, said, ended } = program(port, { EXTENSION_SCOPES: 'company/products, company/orders/read' });
    await vi.waitFor(() => expect(said.out).toContain('platform ready'), 5000);
    const path = `/service/panel/partners/v1.0/extensions/details/${extension.apiKey}`;
    const host = `127.0.0.1:${port}`;
    const authorization = `Basic ${Buffer.from(`${extension.apiKey}:${extension.apiSecret}`).toString('base64')}`;
    const details = await fetch(`http://${host}${path}`, {
      headers: { authorization, ...sign({ method: 'GET', host, path, headers: { authorization } }) },
    });
    expect(await details.json()).toMatchObject({ scope: ['company/products', 'company/orders/read'] });
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });

  test('sends an event that no document names where it is told that there is one', async () => {
    const port = await findFreePort();
    const { child, said, ended } = program(port, { PLATFORM_UNLISTED: 'company/parcels,company/parcel/lost/v2' });
    await vi.waitFor(() => expect(said.out).toContain('platform ready'), 5000);
    const [event_category, event_name, event_type, version] = ['company', 'parcel', 'lost', '2'];
    const path = '/service/common/webhook/v1.0/events/query-event-details';
    const body = JSON.stringify([{ event_category, event_name, event_type, version }]);
    const host = `127.0.0.1:${port}`;
    const headers = { 'content-type': 'application/json' };
    const details = await fetch(`http://${host}${path}`, {
      method: 'POST',
      body,
      headers: { ...headers, ...sign({ method: 'POST', host, path, body, headers }) },
    });
    expect(await details.json()).toMatchObject({
      event_configs: [{ event_category, event_name, event_type, version }],
    });
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });

  test('a port in use is one sentence and status 1', async () => {
    const { said, ended } = program(Number(new URL(platform.origin).port));
    expect(await ended).toEqual([1, null]);
    expect(said.err).toMatch(/^Port \d+ is in use: [^\n]+\.\n$/);
  });
});

test('a port that is taken is an error of its own, and closing ends open connections', async () => {
  const own = await startPlatform({ extension });
  const port = Number(new URL(own.origin).port);
  await expect(startPlatform({ port, extension })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const ended = once(socket, 'close');
  await own.close();
  await ended;
});
