import { describe, expect, test } from 'vitest';
import {
  authorize,
  authorizePath,
  bearer,
  call,
  control,
  extension,
  newCode,
  onlineToken,
  platform,
  redeem,
  redeemOffline,
  refresh,
} from './simulated.ts';

type Line = { id: number; what: string; from: string; to: string; kind: string } & Record<string, unknown>;
const log = async (query = '') => (await control('GET', `/log${query}`)) as unknown as Line[];
const products = '/service/platform/catalog/v1.0/company/1/products/';

describe('the log', () => {
  test('tells a sign-in as a sequence: who called whom, with which token, and what came of it', async () => {
    await authorize(authorizePath());
    const code = await newCode();
    const online = (await (await redeem('company/1', code)).json()) as Record<string, string>;
    const offline = (await (await redeemOffline('company/1', code)).json()) as Record<string, string>;
    await call('GET', products, bearer(offline['access_token']));
    const lines = (await log()).filter(({ kind }) => kind !== 'switch');
    expect(lines).toMatchObject([
      { from: 'browser', to: 'platform', kind: 'sign-in', status: 200, signature: 'valid', company: '1' },
      { from: 'extension', kind: 'token', credential: { kind: 'code', last_four: code.slice(-4), state: 'live' } },
      { from: 'extension', kind: 'token', credential: { kind: 'code', state: 'live' } },
      {
        kind: 'api',
        status: 200,
        credential: { kind: 'offline access token', last_four: offline['access_token']?.slice(-4), state: 'live' },
        took_ms: expect.any(Number) as number,
      },
    ]);
    expect(lines[1]?.what).toContain(`online access token …${online['access_token']?.slice(-4)}`);
    expect(lines[2]?.what).toContain(`offline access token …${offline['access_token']?.slice(-4)}`);
  });

  test('says of a call that failed what did not work', async () => {
    const { access_token } = await onlineToken('orders');
    await call('GET', products, bearer(access_token));
    await control('POST', '/tokens/expire', { company_id: '1' });
    await call('GET', products, bearer(access_token));
    await fetch(platform.origin + products, { headers: bearer(access_token) });
    const lines = await log('?kind=api');
    expect(lines.map(({ status, signature, credential }) => ({ status, signature, credential }))).toMatchObject([
      { status: 403, signature: 'valid', credential: { kind: 'online access token', state: 'live' } },
      { status: 401, signature: 'valid', credential: { state: 'expired' } },
      { status: 403, signature: 'absent', credential: { state: 'expired' } },
    ]);
  });

  test('holds no secret, whole requests included', async () => {
    const code = await newCode();
    const { access_token, refresh_token } = (await (await redeemOffline('company/1', code)).json()) as Record<
      string,
      string
    >;
    await refresh('company/1', String(refresh_token));
    await call('GET', `${products}__echo?session=CANARY-session-in-the-query`, {
      ...bearer(access_token),
      cookie: '__Host-ext_session_1=CANARY-cookie',
    });
    await authorize(authorizePath());
    const event = { event: 'ping', force: true, secret: 'CANARY-another', payload: { secret: 'CANARY-in-a-payload' } };
    await control('POST', '/companies/1/events', event);
    await control('GET', '/deliveries?at_least=1');
    const text = JSON.stringify(await log());
    expect(text).toContain('client_secret');
    for (const secret of [extension.apiSecret, 'CANARY', access_token, refresh_token, code]) {
      expect(text).not.toContain(secret);
    }
  });

  test('takes up what a runtime saw, puts it where it began, and names what it cannot read', async () => {
    await onlineToken();
    const early = new Date(Date.now() - 60_000).toISOString();
    const line = {
      at: early,
      what: 'GET /company/1',
      method: 'GET',
      url: '/company/1',
      status: 200,
      cache: 'hit',
      took_ms: 3,
    };
    const { ids } = await control('POST', '/log', [line]);
    expect((await log())[0]).toMatchObject({
      id: (ids as number[])[0],
      from: 'browser',
      to: 'extension',
      cache: 'hit',
    });
    const refused = await fetch(`${platform.origin}/__control/log`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([{ what: 'x', status: 'CANARY' }]),
    });
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('0.status')]);
  });

  test('is followed as it is written, and can be narrowed', async () => {
    const stop = new AbortController();
    const events = await fetch(`${platform.origin}/__control/log/events?kind=token&company_id=1`, {
      signal: stop.signal,
    });
    expect(events.headers.get('content-type')).toMatch(/^text\/event-stream/);
    await onlineToken('owner', '2');
    await onlineToken('owner', '1');
    let text = '';
    for await (const chunk of events.body ?? []) {
      text += Buffer.from(chunk).toString();
      if (text.includes('online access token')) break;
    }
    stop.abort();
    const lines = [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => JSON.parse(data) as Line);
    expect(lines.filter(({ status }) => status !== null).map(({ company }) => company)).toEqual(['1']);
    expect(await log('?q=nothing-like-this')).toEqual([]);
    const bad = await fetch(`${platform.origin}/__control/log?kind=x`);
    expect([bad.status, await bad.text()]).toEqual([400, expect.stringContaining('kind')]);
  });
});
