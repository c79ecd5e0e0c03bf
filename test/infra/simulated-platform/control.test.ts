import { describe, expect, test } from 'vitest';
import {
  bearer,
  bodyOf,
  call,
  control,
  type Json,
  newCode,
  onlineToken,
  platform,
  redeemOffline,
  refresh,
} from './simulated.ts';

describe('control', () => {
  const address = '/service/platform/catalog/v1.0/company/1/products/';

  test('requests are recorded with who asked and what came of it', async () => {
    const { access_token } = await onlineToken('catalog');
    await control('DELETE', '/requests');
    await call('GET', `${address}?page_no=1`, bearer(access_token));
    expect(await control('GET', '/requests')).toMatchObject([
      { method: 'GET', url: `${address}?page_no=1`, status: 200, signature: 'valid', user: 'catalog', company: '1' },
    ]);
  });

  test('a fault answers as often as it says, then things are as before', async () => {
    const { access_token } = await onlineToken();
    const fault = { status: 429, headers: { 'retry-after': '3' }, body_repeat: { text: 'ab', count: 3 } };
    await control('POST', '/faults', { match: { method: 'GET', path: address }, times: 1, fault });
    const limited = await call('GET', address, bearer(access_token));
    expect([limited.status, limited.headers.get('retry-after'), await limited.text()]).toEqual([429, '3', 'ababab']);
    expect((await call('GET', address, bearer(access_token))).status).toBe(200);
  });

  test('a fault can strike after the request took effect, and only certain bodies', async () => {
    await control('PUT', '/settings', { refresh: { mode: 'single-use' } });
    const { refresh_token } = await bodyOf(await redeemOffline('company/1', await newCode()));
    const match = { path: '^/service/.*/token$', body_includes: 'grant_type=refresh_token' };
    await control('POST', '/faults', { match, times: 1, fault: { hang_up: 'before', after_handling: true } });
    await expect(refresh('company/1', String(refresh_token))).rejects.toThrow();
    expect((await refresh('company/1', String(refresh_token))).status).toBe(400);
  });

  test('an answer can break off in the middle, be cut in half, or drip', async () => {
    const { access_token } = await onlineToken();
    const ask = () => call('GET', address, bearer(access_token));
    const whole = await (await ask()).text();
    const next = (fault: Json) => control('POST', '/faults', { match: { path: address }, times: 1, fault });
    await next({ hang_up: 'mid-body' });
    await expect(ask().then((response) => response.text())).rejects.toThrow();
    await next({ truncate: true });
    const cut = Buffer.from(await (await ask()).arrayBuffer());
    expect(cut.equals(Buffer.from(whole).subarray(0, cut.length))).toBe(true);
    expect(cut.length).toBe(Math.floor(Buffer.byteLength(whole) / 2));
    await next({ drip: { bytes: 4000, every_ms: 1 } });
    expect(await (await ask()).text()).toBe(whole);
  });

  test('a gate holds requests until it is opened', async () => {
    const { access_token } = await onlineToken();
    const { id } = await control('POST', '/gates', { match: { path: address } });
    const racing = [1, 2, 3].map(() => call('GET', address, bearer(access_token)));
    expect(await control('GET', `/gates/${String(id)}?held=3`)).toMatchObject({ held: 3, total: 3, open: false });
    await control('POST', `/gates/${String(id)}/open`);
    expect((await Promise.all(racing)).map((response) => response.status)).toEqual([200, 200, 200]);
  });

  test('users can be added and changed; bad control calls say what is wrong', async () => {
    await control('PUT', '/users/auditor', { permissions: { '2': ['company/orders'] } });
    expect((await onlineToken('auditor', '2'))['scope']).toEqual(['company/orders']);
    const bad = await fetch(`${platform.origin}/__control/settings`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: '{"refresh":{"mode":"x"}}',
    });
    expect([bad.status, await bad.text()]).toEqual([400, expect.stringContaining('refresh.mode') as string]);
  });
});
