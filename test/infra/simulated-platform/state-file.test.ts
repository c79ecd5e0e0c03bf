import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sign } from '@gofynd/fp-signature';
import { expect, test } from 'vitest';
import { startPlatform } from '../../../infra/simulated-platform/platform.ts';
import { temporaryDirectory } from '../local/fixture/start-fixture.ts';

const extension = { apiKey: 'kept', apiSecret: 'CANARY-api-secret', baseUrl: 'http://127.0.0.1:9' };
const panel = '/service/panel/authentication/v1.0/company';
const basic = `Basic ${Buffer.from(`${extension.apiKey}:${extension.apiSecret}`).toString('base64')}`;
const product = { event_category: 'company', event_name: 'product', event_type: 'update', version: '1' };

type Tokens = { access_token: string; refresh_token: string };

/** A platform of one run, and what an extension says to it. */
async function startRun(folder: string, changes: { apiKey?: string; log?: (line: string) => void } = {}) {
  const { log, ...identity } = changes;
  const stateFile = join(folder, 'state.json');
  const platform = await startPlatform({ extension: { ...extension, ...identity }, stateFile, ...(log && { log }) });
  const { host } = new URL(platform.origin);
  const call = async (method: string, path: string, headers: Record<string, string>, body?: string) => {
    const signature = sign({ method, host, path, body, headers: { ...headers } });
    return fetch(platform.origin + path, { method, headers: { ...headers, ...signature }, ...(body && { body }) });
  };
  const control = async (method: string, path: string, body?: unknown) => {
    const headers = { 'content-type': 'application/json' };
    const init = { method, ...(body !== undefined && { headers, body: JSON.stringify(body) }) };
    return (await fetch(`${platform.origin}/__control/${path}`, init)).json();
  };
  const form = (company: string, fields: Record<string, string>) =>
    call(
      'POST',
      `${panel}/${company}/oauth/token`,
      { authorization: basic, 'content-type': 'application/x-www-form-urlencoded' },
      new URLSearchParams(fields).toString(),
    );
  return {
    control,
    refresh: async (company: string, { refresh_token }: Tokens) =>
      (await form(company, { grant_type: 'refresh_token', refresh_token })).status,
    signIn: async (company: string, access_mode: 'online' | 'offline', user = 'owner') => {
      const scopes = ['company/products'];
      const codes = await control('POST', 'codes', { company_id: company, user, scopes, access_mode });
      const { code } = codes as { code: string };
      return (await (await form(company, { grant_type: 'authorization_code', code })).json()) as Tokens;
    },
    products: async (company: string, { access_token }: Tokens) =>
      (
        await call('GET', `/service/platform/catalog/v1.0/company/${company}/products/`, {
          authorization: `Bearer ${access_token}`,
        })
      ).status,
    register: async ({ access_token }: Tokens) => {
      const rest = {
        webhook_url: `${extension.baseUrl}/api/webhook-events`,
        auth_meta: { type: 'hmac', secret: 'CANARY-webhook' },
        events: [product],
      };
      const config = {
        notification_email: 'hello@extension.example',
        name: 'kept',
        association: { extension_id: 'kept', application_id: [], criteria: 'ALL' },
        status: 'active',
        event_map: { rest },
      };
      const headers = { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' };
      const path = '/service/platform/webhook/v3.0/company/1/subscriber';
      expect((await call('PUT', path, headers, JSON.stringify({ webhook_config: config }))).status).toBe(200);
    },
    [Symbol.asyncDispose]: () => platform.close(),
  };
}

test('people, and what they may do, are the same after a restart', async () => {
  using folder = temporaryDirectory();
  await using first = await startRun(folder.path);
  await first.control('PUT', 'users/auditor', { permissions: { '1': ['company/orders'] } });
  await first.control('PUT', 'users/catalog', { permissions: [] });
  const { users } = (await first.control('GET', 'world')) as { users: unknown[] };
  await using next = await startRun(folder.path);
  expect(await next.control('GET', 'world')).toMatchObject({ users });
});

test('after a restart, however the run ended, tokens are known and subscribers are told', async () => {
  using folder = temporaryDirectory();
  await using first = await startRun(folder.path);
  const offline = await first.signIn('1', 'offline');
  const online = await first.signIn('2', 'online', 'catalog');
  const ended = await first.signIn('3', 'online');
  const expired = await first.signIn('4', 'online');
  await first.register(offline);
  await first.control('POST', 'companies/3/uninstall');
  await first.control('POST', 'tokens/expire', { company_id: '4' });
  const subscribers = await first.control('GET', 'subscribers');

  // The first one is not closed: nothing is written down only at the end.
  await using next = await startRun(folder.path);
  expect(statSync(join(folder.path, 'state.json')).mode & 0o777).toBe(0o600);
  expect(await next.products('1', offline)).toBe(200);
  expect(await next.products('2', online)).toBe(200);
  expect([await next.products('3', ended), await next.refresh('3', ended)]).toEqual([401, 400]);
  expect([await next.products('4', expired), await next.refresh('4', expired)]).toEqual([401, 200]);
  expect(await next.refresh('1', offline)).toBe(200);
  expect(await next.control('GET', 'subscribers')).toEqual(subscribers);
  expect(await next.control('POST', 'companies/1/events', { event: 'company/product/update/v1' })).toMatchObject({
    skipped: null,
  });
  const { companies } = (await next.control('GET', 'world')) as { companies: { id: string; offline_works: boolean }[] };
  expect(companies.find(({ id }) => id === '1')).toMatchObject({ installed: true, offline_works: true });
  // Tokens go on being other ones: the numbers of grants go on, too.
  expect((await next.signIn('1', 'offline')).refresh_token).toBe(offline.refresh_token);
});

test('what was given to another extension is nobody’s', async () => {
  using folder = temporaryDirectory();
  await using first = await startRun(folder.path);
  const tokens = await first.signIn('1', 'offline');
  await using next = await startRun(folder.path, { apiKey: 'other' });
  expect(await next.products('1', tokens)).toBe(401);
});

test.each(['', '{', 'null', '{"apiKey":"kept"}'])('a file that holds %j is told by its name', async (text) => {
  using folder = temporaryDirectory();
  writeFileSync(join(folder.path, 'state.json'), text);
  await expect(startRun(folder.path)).rejects.toThrow(/state\.json is damaged: .* delete it and start again\. [^\n]+$/);
});

test.skipIf(!existsSync('/dev/full'))('a full disk is a sentence, and what was written before stays', async () => {
  using folder = temporaryDirectory();
  const file = join(folder.path, 'state.json');
  const said: string[] = [];
  await using run = await startRun(folder.path, { log: (line) => said.push(line) });
  const tokens = await run.signIn('1', 'offline');
  const before = readFileSync(file, 'utf8');
  symlinkSync('/dev/full', `${file}.next`);
  await run.signIn('2', 'offline');
  expect(readFileSync(file, 'utf8')).toBe(before);
  expect(said.filter((line) => line.includes('state.json'))).toEqual([
    expect.stringMatching(/state\.json cannot be written \(ENOSPC\): make room/),
  ]);
  await using next = await startRun(folder.path);
  expect(await next.products('1', tokens)).toBe(200);
});
