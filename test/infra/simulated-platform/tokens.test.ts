import { describe, expect, test } from 'vitest';
import {
  bearer,
  bodyOf,
  call,
  control,
  form,
  newCode,
  onlineToken,
  panel,
  redeem,
  redeemOffline,
  refresh,
  wanted,
} from './simulated.ts';

describe('codes and tokens', () => {
  test('a code is redeemed once at /token and once at /offline-token', async () => {
    const code = await newCode();
    expect((await redeem('company/1', code)).status).toBe(200);
    expect((await redeem('company/1', code)).status).toBe(400);
    expect((await redeemOffline('company/1', code)).status).toBe(200);
    expect((await redeemOffline('company/1', code)).status).toBe(400);
  });

  test('a code of another company or client is refused, and is not spent by it', async () => {
    const code = await newCode('owner', '2');
    const refused = await redeem('company/1', code);
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ error: 'invalid_grant' });
    expect((await redeemOffline('company/1', code)).status).toBe(400);
    expect((await redeem('company/2', code)).status).toBe(200);
    const foreign = await control('POST', '/codes', { company_id: 1, client_id: 'somebody-else' });
    expect((await redeem('company/1', String(foreign['code']))).status).toBe(400);
  });

  test('a code that is too old is refused', async () => {
    await control('PUT', '/settings', { codeSeconds: 0 });
    expect((await redeem('company/1', await newCode())).status).toBe(400);
  });

  test('wrong client credentials are 401', async () => {
    const headers = {
      authorization: `Basic ${Buffer.from('test-extension:wrong').toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    };
    const answer = await call('POST', `${panel}/company/1/oauth/token`, headers, 'grant_type=client_credentials');
    expect(answer.status).toBe(401);
  });

  test('the first installation needs a person who holds every scope; later anybody gets the same grant', async () => {
    const refused = await redeemOffline('company/1', await newCode('catalog'));
    expect(refused.status).toBe(403);
    expect((await bodyOf(refused))['message']).toContain('company/orders');
    const first = await bodyOf(await redeemOffline('company/1', await newCode('owner')));
    const second = await bodyOf(await redeemOffline('company/1', await newCode('catalog')));
    expect(second['refresh_token']).toBe(first['refresh_token']);
    expect(second['access_token']).not.toBe(first['access_token']);
    for (const { access_token } of [first, second]) {
      const path = '/service/platform/order/v1.0/company/1/shipments-listing';
      expect((await call('GET', path, bearer(access_token))).status).toBe(200);
    }
    await control('PUT', '/settings', { offlineAgain: 'holders-only' });
    expect((await redeemOffline('company/1', await newCode('catalog'))).status).toBe(403);
  });

  test.each([
    ['reuse', [200, 200, 200]],
    ['rotate', [200, 200, 200]],
    ['single-use', [200, 400, 200]],
    ['revoke-family', [200, 400, 400]],
  ])('refresh tokens under %s', async (mode, [first, again, successor]) => {
    await control('PUT', '/settings', { refresh: { mode } });
    const { refresh_token } = await bodyOf(await redeemOffline('company/1', await newCode()));
    const refreshed = await refresh('company/1', String(refresh_token));
    expect(refreshed.status).toBe(first);
    const next = String((await bodyOf(refreshed))['refresh_token']);
    expect(next === refresh_token).toBe(mode === 'reuse');
    expect((await refresh('company/1', String(refresh_token))).status).toBe(again);
    expect((await refresh('company/1', next)).status).toBe(successor);
    expect((await refresh('company/2', next)).status).toBe(400);
  });

  test('token answers leave out and spell what the settings say', async () => {
    await control('PUT', '/settings', {
      omit: ['expires_in', 'access_mode'],
      omitOnRefresh: ['refresh_token'],
      scopeAs: 'string',
      idField: '_id',
      idsAsNumbers: true,
      tokenPrefix: 'CANARY-',
    });
    const online = await onlineToken();
    expect(online).toMatchObject({
      access_token: expect.stringMatching(/^CANARY-oa-/) as string,
      scope: 'company/products company/orders',
      current_user: { _id: 50_001 },
    });
    expect(online).not.toHaveProperty('expires_in');
    const refreshed = await bodyOf(await refresh('company/1', String(online['refresh_token'])));
    expect(refreshed).not.toHaveProperty('refresh_token');
    expect(await control('DELETE', '/settings')).toMatchObject({ omit: [], idField: 'id' });
  });

  test('client credentials give a token of the installation, and none before it', async () => {
    const ask = () => form('company/1', { grant_type: 'client_credentials' });
    expect((await ask()).status).toBe(403);
    await redeemOffline('company/1', await newCode());
    expect(await bodyOf(await ask())).toMatchObject({ access_mode: 'offline', scope: wanted });
  });
});
