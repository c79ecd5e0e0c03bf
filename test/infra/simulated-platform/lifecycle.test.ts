import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { signRequest } from '../../../infra/simulated-platform/fp-signature.ts';
import { type Heard, listener } from './listener.ts';
import { deliveries, listPath, offlineToken, registered } from './registering.ts';
import {
  bearer,
  bodyOf,
  call,
  control,
  extension,
  type Json,
  newCode,
  platform,
  redeem,
  redeemOffline,
  refresh,
} from './simulated.ts';

const isAlive = async (token: string) => (await call('GET', listPath(), bearer(token))).status === 200;
const uninstall = (body: Json, company = 1) => control('POST', `/companies/${company}/uninstall`, body);
const hmac = (body: string) => createHmac('sha256', extension.apiSecret).update(body).digest('hex');

describe('auto-install', () => {
  const install = (body: Json = {}) => control('POST', '/companies/1/auto-install', body);

  test('hands the extension a code of the owner’s that redeems for the company', async () => {
    expect(await install()).toMatchObject({
      status: 200,
      body: '{"success":true}',
      notified: 'the extension answered 200',
    });
    const { url, body } = listener.heard[0] ?? { url: '', body: '{}' };
    const { company_id, code } = JSON.parse(body) as Json;
    expect([url, company_id]).toEqual(['/fp/auto_install', '1']);
    expect(await bodyOf(await redeemOffline('company/1', String(code)))).toMatchObject({
      access_mode: 'offline',
      current_user: null,
    });
    expect((await redeem('company/1', String(code))).status).toBe(200);
    await control('PUT', '/settings', { idsAsNumbers: true });
    await install();
    expect(JSON.parse(listener.heard[1]?.body ?? '')).toMatchObject({ company_id: 1 });
  });

  test('can carry a code of another company or of nobody, and says what the extension answered', async () => {
    listener.statuses = [502];
    const foreign = await newCode('owner', '2');
    expect(await install({ code: foreign })).toMatchObject({ status: 502, code: foreign });
    expect((await redeem('company/1', foreign)).status).toBe(400);
  });
});

describe('uninstalling', () => {
  test('revokes, forgets the subscribers and, when asked to, tells the extension', async () => {
    const token = await registered();
    expect(await uninstall({})).toEqual({ uninstalled: true, notified: null });
    expect([await isAlive(token), listener.heard, await control('GET', '/subscribers')]).toEqual([false, [], []]);
    expect(await uninstall({ notify: true })).toMatchObject({ notified: 'the extension answered 200' });
    expect(listener.heard).toMatchObject([
      { url: '/fp/uninstall', body: '{"company_id":"1","client_id":"test-extension"}' },
    ]);
  });

  test.each([['none'], ['webhook'], ['v2'], ['wrong']])('is told of with the signature %s', async (signed) => {
    await uninstall({ signed });
    const [told] = listener.heard as [Heard];
    const { headers, body } = told;
    const [signature, date] = [headers['x-fp-signature'], String(headers['x-fp-date'])];
    const host = new URL(extension.baseUrl).host;
    const request = { method: 'POST', path: '/fp/uninstall', headers: { host, 'x-fp-date': date }, body };
    const v2 = signRequest(request, { date, secret: extension.apiSecret, signs: () => true });
    const right = { none: undefined, webhook: hmac(body), v2, wrong: expect.not.stringMatching(hmac(body)) as string }[
      signed
    ];
    expect(signature).toEqual(right);
  });

  test('can be forged: the extension is told and nothing is revoked', async () => {
    const token = await registered();
    expect(await uninstall({ notify_only: true })).toMatchObject({
      uninstalled: false,
      notified: 'the extension answered 200',
    });
    expect([listener.heard.length, await isAlive(token)]).toEqual([1, true]);
  });

  test('can be told late: the call of the earlier uninstall, with its date, while installed again', async () => {
    const early = await fetch(`${platform.origin}/__control/companies/1/uninstall`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"late":true}',
    });
    expect(early.status).toBe(400);
    await offlineToken();
    await uninstall({ signed: 'v2' });
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const token = await offlineToken();
    expect(await uninstall({ late: true, signed: 'v2' })).toMatchObject({ uninstalled: false });
    const [first, second] = listener.heard;
    expect(second).toMatchObject({ body: first?.body, headers: { 'x-fp-date': first?.headers['x-fp-date'] } });
    expect(await isAlive(token)).toBe(true);
  });

  test('is told of after a delay, in which the company may install again', async () => {
    await offlineToken();
    const told = uninstall({ delay_ms: 200 });
    const token = await offlineToken();
    expect(listener.heard).toEqual([]);
    expect(await told).toMatchObject({ uninstalled: true, notified: 'the extension answered 200' });
    expect(typeof token).toBe('string');
  });
});

describe('an offline grant', () => {
  test.each([['reuse'], ['rotate'], ['single-use'], ['revoke-family']])(
    'refreshed under %s gives a token that works',
    async (mode) => {
      await control('PUT', '/settings', { refresh: { mode } });
      const first = await bodyOf(await redeemOffline('company/1', await newCode()));
      await control('POST', '/tokens/expire', { company_id: 1 });
      expect(await isAlive(String(first['access_token']))).toBe(false);
      const second = await bodyOf(await refresh('company/1', String(first['refresh_token'])));
      expect(second).toMatchObject({ access_mode: 'offline', expires_in: 3599, current_user: null });
      expect(await isAlive(String(second['access_token']))).toBe(true);
      const third = await bodyOf(await refresh('company/1', String(second['refresh_token'])));
      expect(await isAlive(String(third['access_token']))).toBe(true);
    },
  );

  test('whose refresh token is used again by its thief is dead, with all its tokens', async () => {
    await control('PUT', '/settings', { refresh: { mode: 'revoke-family' } });
    const first = await bodyOf(await redeemOffline('company/1', await newCode()));
    const second = await bodyOf(await refresh('company/1', String(first['refresh_token'])));
    expect((await refresh('company/1', String(first['refresh_token']))).status).toBe(400);
    expect(await isAlive(String(second['access_token']))).toBe(false);
    expect((await refresh('company/1', String(second['refresh_token']))).status).toBe(400);
    expect(await isAlive(await offlineToken())).toBe(true);
  });

  test.each([
    ['oauth', 400, { error: 'invalid_grant' }],
    ['message', 400, { message: 'Invalid grant: the refresh token is unknown' }],
    ['unauthorized', 401, { code: 'INVALID_GRANT' }],
  ])('that is gone is refused in the manner %s', async (invalidGrant, status, body) => {
    await control('PUT', '/settings', { invalidGrant });
    const refused = await refresh('company/1', 'CANARY-nothing');
    expect([refused.status, await refused.json()]).toMatchObject([status, body]);
  });
});

describe('the panel', () => {
  const at = '/company/1/extensions/test-extension';
  const post = async (act: string, body: Record<string, string> = {}) => {
    const headers = { accept: 'text/plain' };
    return (
      await fetch(`${platform.origin}${at}/${act}`, { method: 'POST', headers, body: new URLSearchParams(body) })
    ).text();
  };
  const page = async (path = at) => (await fetch(platform.origin + path)).text();

  test('offers the registered events, sends them and shows what became of them', async () => {
    expect(await page()).toContain('has not registered');
    await registered();
    expect(await page()).toContain('<option>company/product/update/v1</option>');
    expect(await post('events', { event: 'company/product/update/v1' })).toBe('Sent company/product/update/v1.');
    await deliveries({ state: 'delivered', at_least: '1' });
    expect(await page(`${at}/activity`)).toMatch(/company\/product\/update\/v1.*\n.*delivered/);
    expect(await post('events', { event: 'company/brand/create/v1' })).toContain('not registered');
    const records = (await control('GET', '/requests')) as unknown as { url: string }[];
    expect(records.filter(({ url }) => url.endsWith('/activity'))).toEqual([]);
  });

  test('installs by the platform’s own call, unblocks, and works without any script', async () => {
    expect(await post('auto-install')).toBe('Auto-install: the extension answered 200.');
    expect(await post('unblock')).toBe('Nothing was blocked.');
    const plain = await fetch(`${platform.origin}${at}/auto-install`, { method: 'POST', redirect: 'manual' });
    expect([plain.status, plain.headers.get('location')]).toEqual([
      303,
      expect.stringContaining(`${at}?notice=`) as string,
    ]);
  });
});
