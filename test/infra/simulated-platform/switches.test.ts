import { describe, expect, test } from 'vitest';
import { listener } from './listener.ts';
import { deliveries, registered } from './registering.ts';
import {
  authorize,
  authorizePath,
  bearer,
  bodyOf,
  call,
  control,
  extension,
  locationOf,
  newCode,
  onlineToken,
  platform,
  redeemOffline,
  refresh,
} from './simulated.ts';

const products = '/service/platform/catalog/v1.0/company/1/products/';

/** A control call that is expected to be refused: its status and its text. */
async function refused(method: string, path: string, body?: unknown): Promise<[number, string]> {
  const response = await fetch(`${platform.origin}/__control${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  return [response.status, await response.text()];
}

describe('switches', () => {
  test('revoking ends a grant: neither its access token nor its refresh token works again', async () => {
    const online = await onlineToken();
    const offline = await bodyOf(await redeemOffline('company/1', await newCode()));
    expect(await control('POST', '/tokens/revoke', { company_id: 1, access_mode: 'offline' })).toEqual({ revoked: 1 });
    expect((await call('GET', products, bearer(offline['access_token']))).status).toBe(401);
    expect((await refresh('company/1', String(offline['refresh_token']))).status).toBe(400);
    expect((await call('GET', products, bearer(online['access_token']))).status).toBe(200);
    expect(await control('GET', '/tokens?company_id=1')).toContainEqual(
      expect.objectContaining({ mode: 'offline', kind: 'refresh token', state: 'revoked' }),
    );
  });

  test.each([
    ['unauthorized', 401],
    ['forbidden', 403],
    ['rate-limited', 429],
    ['failing', 500],
  ])('a service can be %s by its name, once, and the others go on', async (kind, status) => {
    const { access_token } = await onlineToken();
    await control('POST', '/faults', { service: 'catalog', kind, times: 1 });
    expect(await control('GET', '/faults')).toMatchObject([
      { left: 1, label: expect.stringContaining('catalog') as string },
    ]);
    const orders = '/service/platform/order/v1.0/company/1/shipments-listing';
    expect((await call('GET', orders, bearer(access_token))).status).toBe(200);
    expect((await call('GET', products, bearer(access_token))).status).toBe(status);
    expect((await call('GET', products, bearer(access_token))).status).toBe(200);
  });

  test('one fault of several is switched off by its id', async () => {
    const { id } = await control('POST', '/faults', { service: 'token', kind: 'hang-up' });
    await control('POST', '/faults', { service: 'catalog', kind: 'slow' });
    await control('DELETE', `/faults/${String(id)}`);
    expect(await control('GET', '/faults')).toMatchObject([{ label: expect.stringContaining('catalog') as string }]);
    expect((await refused('DELETE', '/faults/99'))[0]).toBe(404);
  });

  test('consent can be refused before anybody is asked', async () => {
    await control('PUT', '/settings', { consent: 'refuse' });
    const back = locationOf(await authorize(authorizePath()));
    expect(back.searchParams.get('error')).toBe('access_denied');
    expect(back.searchParams.get('state')).toBe('CANARY-state');
  });

  test('a clock that is wrong shows in every date, and in what is refused for its date', async () => {
    const { access_token } = await onlineToken();
    await control('PUT', '/settings', { clockSkewSeconds: -7200, signatureWindowSeconds: 300 });
    const late = await call('GET', products, bearer(access_token));
    expect([late.status, await late.text()]).toEqual([403, expect.stringContaining('too far from this clock')]);
    expect(Date.now() - Date.parse(late.headers.get('date') ?? '')).toBeGreaterThan(7_000_000);
    await control('PUT', '/settings', { clockSkewSeconds: 60 });
    expect((await call('GET', products, bearer(access_token))).status).toBe(200);
  });

  test('a delivery is sent again with the very bytes, the signature and the id that it had', async () => {
    const made = await control('POST', '/companies/1/events', { event: 'company/product/update/v1', force: true });
    const [{ id } = { id: 0 }] = made['deliveries'] as { id: number }[];
    await deliveries({ state: 'delivered', at_least: '1' });
    await control('POST', `/deliveries/${id}/again`);
    const [, again] = await deliveries({ state: 'delivered', at_least: '2' });
    expect(again?.note).toBe('sent again');
    const [one, two] = listener.heard;
    expect(two?.body).toBe(one?.body);
    for (const name of ['x-fp-signature', 'x-fp-event-id']) expect(two?.headers[name]).toBe(one?.headers[name]);
    expect(await refused('POST', '/deliveries/999/again')).toEqual([400, expect.stringContaining('delivery: ')]);
  });

  test('a blocked subscriber hears nothing until it is active again', async () => {
    await registered();
    const event = { event: 'company/product/update/v1' };
    expect(await control('POST', '/companies/1/block')).toEqual({ blocked: true });
    expect(await control('POST', '/companies/1/events', event)).toMatchObject({ skipped: 'the subscriber is blocked' });
    expect(await control('POST', '/companies/1/unblock')).toEqual({ unblocked: true });
    expect(await control('POST', '/companies/1/events', event)).toMatchObject({ skipped: null });
    expect((await refused('POST', '/companies/999/block'))[0]).toBe(400);
  });

  test('a payload to begin with is there for every event', async () => {
    expect(await control('GET', '/companies/1/sample?event=company/product/update/v1')).toMatchObject({
      product: { uid: 7_501_000 },
    });
    expect(await refused('GET', '/companies/1/sample?event=x')).toEqual([400, expect.stringContaining('event: ')]);
  });

  test('a schedule is run where a runtime has said that it can, and only there', async () => {
    expect(await refused('POST', '/schedules/nightly/run')).toEqual([400, expect.stringContaining('npm start')]);
    const run_url = `${extension.baseUrl}/run?token=CANARY`;
    await control('PUT', '/runtime', { name: 'npm start', schedules: ['nightly'], run_url });
    expect(await control('POST', '/schedules/nightly/run')).toEqual({ schedule: 'nightly', sent: true });
    expect(listener.heard).toMatchObject([{ url: '/run?token=CANARY', body: '{"schedule":"nightly"}' }]);
    expect(await refused('POST', '/schedules/hourly/run')).toEqual([400, expect.stringContaining('nightly')]);
    expect(JSON.stringify(await control('GET', '/log'))).not.toContain('CANARY');
    listener.statuses = [500];
    expect((await refused('POST', '/schedules/nightly/run'))[0]).toBe(502);
    const elsewhere = { name: 'x', schedules: [], run_url: 'https://elsewhere.example/run' };
    expect(await refused('PUT', '/runtime', elsewhere)).toEqual([400, expect.stringContaining('run_url')]);
    await control('DELETE', '/runtime');
    expect((await refused('POST', '/schedules/nightly/run'))[0]).toBe(400);
  });
});

test.each([
  ['POST', '/tokens/expire', { company_id: 999 }, 'company_id'],
  ['POST', '/tokens/revoke', { user: 'nobody' }, 'user'],
  ['POST', '/tokens/revoke', { access_mode: 'none' }, 'access_mode'],
  ['GET', '/tokens', undefined, 'company_id'],
  ['POST', '/codes', {}, 'company_id'],
  ['PUT', '/settings', { clockSkewSeconds: 'late' }, 'clockSkewSeconds'],
  ['PUT', '/settings', { webhooks: { onlineTokens: 1 } }, 'webhooks.onlineTokens'],
  ['PUT', '/settings', [], 'body'],
  ['POST', '/faults', { service: 'nothing', kind: 'failing' }, 'service'],
  ['POST', '/faults', { service: 'catalog', kind: 'odd' }, 'kind'],
  ['POST', '/faults', { match: { path: '^(' }, fault: {} }, 'match.path'],
  ['GET', '/gates/1?held=many', undefined, 'held'],
  ['GET', '/deliveries?at_least=-1', undefined, 'at_least'],
  ['GET', '/deliveries?state=x', undefined, 'state'],
  ['POST', '/companies/999/events', { event: 'ping' }, 'company'],
  ['POST', '/companies/1/events', { event: 'ping', application_id: 'x' }, 'application_id'],
  ['POST', '/organizations/x/uninstall', {}, 'organization'],
  ['PUT', '/runtime', { name: '', schedules: [], run_url: 'http://localhost' }, 'name'],
])('%s %s %j is refused with 400, and the field is named', async (method, path, body, field) => {
  const [status, text] = await refused(method, path, body);
  expect([status, (JSON.parse(text) as { issues: string[] }).issues]).toEqual([
    400,
    expect.arrayContaining([expect.stringMatching(`^${field}: `)]),
  ]);
});

test('a body that is no JSON is refused without a word of it', async () => {
  const response = await fetch(`${platform.origin}/__control/settings`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: 'CANARY',
  });
  expect([response.status, await response.json()]).toEqual([
    400,
    { message: 'The body is not JSON', issues: ['body: The body is not JSON'] },
  ]);
});
