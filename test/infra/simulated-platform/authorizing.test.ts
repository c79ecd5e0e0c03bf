import { hash } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startPlatform } from '../../../infra/simulated-platform/platform.ts';
import {
  authorize,
  authorizePath,
  bearer,
  bodyOf,
  call,
  control,
  extension,
  form,
  locationOf,
  platform,
  redeem,
  redeemOffline,
  wanted,
} from './simulated.ts';

describe('authorizing', () => {
  test('a person who agrees once is asked once, and the tokens that follow open the Platform API', async () => {
    const path = authorizePath();
    const asked = await authorize(path);
    expect(asked.status).toBe(200);
    const html = await asked.text();
    expect(html).toContain('company/orders');
    expect(html).toContain('name="x-fp-signature"');

    const fields = new URLSearchParams(path.slice(path.indexOf('?') + 1));
    fields.set('user', 'owner');
    fields.set('decision', 'allow');
    const consented = await fetch(platform.origin + path.slice(0, path.indexOf('?')), {
      method: 'POST',
      body: fields,
      redirect: 'manual',
    });
    expect(consented.status).toBe(302);
    const callback = locationOf(consented);
    expect(callback.origin + callback.pathname).toBe(`${extension.baseUrl}/fp/auth`);
    expect(Object.fromEntries(callback.searchParams)).toEqual({
      code: expect.any(String) as string,
      client_id: extension.apiKey,
      company_id: '1',
      state: 'CANARY-state',
    });

    const code = callback.searchParams.get('code') ?? '';
    const online = await bodyOf(await redeem('company/1', code));
    expect(online).toMatchObject({
      access_token: expect.stringMatching(/^oa-/) as string,
      token_type: 'Bearer',
      expires_in: 7199,
      scope: wanted,
      access_mode: 'online',
      current_user: { first_name: 'Asha', emails: [{ primary: true }] },
    });
    const offline = await bodyOf(await redeemOffline('company/1', code));
    expect(offline).toMatchObject({ expires_in: 3599, scope: wanted, access_mode: 'offline', current_user: null });

    for (const token of [online, offline]) {
      const products = await call(
        'GET',
        '/service/platform/catalog/v2.0/company/1/products/?page_no=2&page_size=10',
        bearer(token['access_token']),
      );
      expect(products.status).toBe(200);
      expect(await products.json()).toMatchObject({ page: { current: 2, has_next: true, size: 10, item_total: 36 } });
    }
    expect((await authorize(authorizePath())).status).toBe(302);
    expect((await authorize(authorizePath('company/1', { scope: 'company/products,company/profile' }))).status).toBe(
      200,
    );
    expect((await authorize(authorizePath('company/2'))).status).toBe(200);
  });

  test('a person who declines is sent back with access_denied and the state', async () => {
    const path = authorizePath();
    const declined = await fetch(platform.origin + path, {
      method: 'POST',
      body: new URLSearchParams({ user: 'catalog', decision: 'deny' }),
      redirect: 'manual',
    });
    expect(Object.fromEntries(locationOf(declined).searchParams)).toMatchObject({
      error: 'access_denied',
      state: 'CANARY-state',
      company_id: '1',
      client_id: extension.apiKey,
    });
  });

  test('autoApprove answers at once as the user it names, with the application_id of the redirect_uri', async () => {
    await control('PUT', '/settings', { autoApprove: { user: 'catalog' } });
    const application = '65a000000000000000010001';
    const redirectUri = `${extension.baseUrl}/fp/auth?application_id=${application}`;
    const callback = locationOf(await authorize(authorizePath('company/1', { redirect_uri: redirectUri })));
    expect(callback.searchParams.get('application_id')).toBe(application);
    const online = await bodyOf(await redeem('company/1', callback.searchParams.get('code') ?? ''));
    expect(online['scope']).toEqual(['company/products']);
  });

  test('a code that was asked for with a challenge is given out for its verifier alone, where the settings say so', async () => {
    const verifier = 'CANARY-verifier-0123456789-0123456789-0123456789';
    const challenge = { code_challenge: hash('sha256', verifier, 'base64url'), code_challenge_method: 'S256' };
    const codeFor = async (pkce: string, changes: Record<string, string>) => {
      await control('PUT', '/settings', { pkce, autoApprove: { user: 'owner' } });
      return locationOf(await authorize(authorizePath('company/1', changes))).searchParams;
    };
    const redeemWith = (code: string | null, fields: Record<string, string>) =>
      form('company/1', { grant_type: 'authorization_code', code: code ?? '', ...fields });

    const enforced = await codeFor('enforced', challenge);
    expect((await redeemWith(enforced.get('code'), {})).status).toBe(400);
    expect((await redeemWith(enforced.get('code'), { code_verifier: `${verifier}x` })).status).toBe(400);
    expect((await redeemWith(enforced.get('code'), { code_verifier: verifier })).status).toBe(200);
    expect((await redeemWith((await codeFor('enforced', {})).get('code'), {})).status).toBe(200);
    const plain = { ...challenge, code_challenge_method: 'plain' };
    expect((await codeFor('enforced', plain)).get('error')).toBe('invalid_request');

    const ignored = await codeFor('ignored', challenge);
    expect((await redeemWith(ignored.get('code'), { code_verifier: 'another' })).status).toBe(200);

    expect((await codeFor('refused', challenge)).get('error')).toBe('invalid_request');
    const bare = await codeFor('refused', {});
    expect((await redeemWith(bare.get('code'), { code_verifier: verifier })).status).toBe(400);
    expect((await redeemWith(bare.get('code'), {})).status).toBe(200);
  });

  test('the partner twin comes back to /adm/auth with organization_id', async () => {
    await control('PUT', '/settings', { autoApprove: { user: 'owner' } });
    const at = 'organization/5f0d1c2b3a4e5d6c7b8a0001';
    const callback = locationOf(await authorize(authorizePath(at, { redirect_uri: `${extension.baseUrl}/adm/auth` })));
    expect(callback.searchParams.get('organization_id')).toBe('5f0d1c2b3a4e5d6c7b8a0001');
    expect((await redeem(at, callback.searchParams.get('code') ?? '')).status).toBe(200);
  });

  test.each([
    ['another client', { client_id: 'somebody-else' }, 400],
    ['another origin', { redirect_uri: 'http://localhost:3999.evil.example/fp/auth' }, 400],
    ['a path below the callback', { redirect_uri: `${extension.baseUrl}/fp/auth/../../x` }, 400],
    ['no state', { state: '' }, 400],
  ])('%s gets a page and no redirect', async (_, changes, status) => {
    const answer = await authorize(authorizePath('company/1', changes));
    expect(answer.status).toBe(status);
    expect(answer.headers.get('location')).toBeNull();
  });

  test('an address whose query was changed after signing is refused', async () => {
    expect((await authorize(authorizePath().replace('company%2Forders', 'company%2Fprofile'))).status).toBe(403);
  });

  test('scopes that the extension is not registered for come back as invalid_scope', async () => {
    const answer = await authorize(authorizePath('company/1', { scope: 'company/finance' }));
    expect(locationOf(answer).searchParams.get('error')).toBe('invalid_scope');
  });

  test('a misspelt scope is refused where any may be asked for; what looks like nothing known may exist', async () => {
    const { apiKey, apiSecret, baseUrl } = extension;
    const unlisted = ['company/productz'];
    const open = await startPlatform({ extension: { apiKey, apiSecret, baseUrl, unlisted } });
    onTestFinished(() => open.close());
    const refused = async (scope: string) => {
      const answer = await authorize(authorizePath('company/1', { scope }, open), '', open);
      return answer.status === 302 ? locationOf(answer).searchParams.get('error_description') : undefined;
    };
    expect(await refused('company/orders,company/prodcuts')).toBe(
      'There is no scope company/prodcuts. company/products exists',
    );
    for (const scope of ['company/products', 'company/*', 'company/parcels', 'company/products2', 'company/productz']) {
      expect(await refused(scope), scope).toBeUndefined();
    }
  });

  test('a person who is no member of the company gets no code', async () => {
    await control('PUT', '/settings', { autoApprove: { user: 'owner-of-1' } });
    expect((await authorize(authorizePath('company/1'))).status).toBe(302);
    expect((await authorize(authorizePath('company/2'))).status).toBe(403);
  });
});
