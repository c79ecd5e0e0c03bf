import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { defaultSettings } from '../../../infra/simulated-platform/settings.ts';
import { listPath, registered, send, v3Body } from './registering.ts';
import { bearer, bodyOf, call, control, onlineToken, refresh } from './simulated.ts';

const products = '/service/platform/catalog/v2.0/company/1/products/';

test('the document’s table has every setting with its default, and no other', () => {
  const text = readFileSync('docs/simulated-platform.md', 'utf8');
  const rows = [...text.matchAll(/^\| `([\w.]+)` \| `([^`]*)` \|/gm)];
  const { webhooks, ...others } = defaultSettings();
  const ofWebhooks = Object.entries(webhooks).map(([name, value]) => [`webhooks.${name}`, value] as const);
  const defaults = [...Object.entries(others), ...ofWebhooks].map(([name, value]) => [
    name,
    value === '' ? "''" : typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  expect(Object.fromEntries(rows.map(([, name = '', value]) => [name, value]))).toEqual(Object.fromEntries(defaults));
});

describe('what nobody knows of the real platform', () => {
  test('a refused refresh may be an error in a 200', async () => {
    await control('PUT', '/settings', { invalidGrant: 'error-in-200' });
    const refused = await refresh('company/1', 'nonsense');
    expect([refused.status, await refused.json()]).toMatchObject([200, { error: 'invalid_grant' }]);
  });

  test.each([
    ['seconds', /^[1-9]\d*$/],
    ['date', /GMT$/],
    ['none', /^absent$/],
  ])('one call too many is a 429 that says when to come back: %s', async (retryAfter, form) => {
    await control('PUT', '/settings', { rateLimit: { requests: 2, seconds: 60, retryAfter } });
    const [mine, others] = [await onlineToken('owner'), await onlineToken('catalog')];
    const ask = (token: unknown) => call('GET', products, bearer(token));
    for (let calls = 0; calls < 2; calls += 1) expect((await ask(mine['access_token'])).status).toBe(200);
    const limited = await ask(mine['access_token']);
    expect([limited.status, limited.headers.get('retry-after') ?? 'absent']).toEqual([
      429,
      expect.stringMatching(form),
    ]);
    expect((await ask(others['access_token'])).status).toBe(200);
  });

  test('a region that is named is served below its prefix, signed as it was called; another is not', async () => {
    const headers = bearer((await onlineToken())['access_token']);
    expect((await call('GET', `/region/asia-south1${products}`, headers)).status).toBe(404);
    await control('PUT', '/settings', { regions: ['asia-south1'] });
    expect((await call('GET', `/region/asia-south1${products}`, headers)).status).toBe(200);
    expect((await call('GET', `/region/europe${products}`, headers)).status).toBe(404);
  });

  test.each(['inactive', 'blocked'])(
    'a blocked subscriber is shown as %s, and can be made active again',
    async (blockedAs) => {
      await control('PUT', '/settings', { webhooks: { retryAfterMs: [], blockedAs } });
      const token = await registered(v3Body());
      await control('POST', '/companies/1/events', { event: 'company/product/update/v1' });
      await control('GET', '/deliveries?state=failed&at_least=1');
      const status = async () =>
        ((await bodyOf(await call('GET', listPath(), bearer(token))))['items'] as { status: string }[])[0]?.status;
      expect(await status()).toBe(blockedAs);
      await send(token, 'PUT', '/service/platform/webhook/v3.0/company/1/subscriber', v3Body());
      expect(await status()).toBe('active');
    },
  );

  test.each([
    ['sent', 'by the extension', 1],
    ['sent', 'by the merchant', 1],
    ['lost', 'by the merchant', 0],
  ])('events during a block are %s once it is ended %s', async (heldBack, by, expected) => {
    await control('PUT', '/settings', { webhooks: { retryAfterMs: [], heldBack } });
    const token = await registered(v3Body());
    await control('POST', '/companies/1/block');
    const { event_ids } = await control('POST', '/companies/1/events', { event: 'company/product/update/v1' });
    await control('POST', '/companies/1/events', { event: 'company/product/delete/v1' });
    expect(await control('GET', '/deliveries')).toEqual([]);
    if (by === 'by the merchant') await control('POST', '/companies/1/unblock');
    else await send(token, 'PUT', '/service/platform/webhook/v3.0/company/1/subscriber', v3Body());
    const [id] = event_ids as string[];
    expect(await control('GET', '/deliveries')).toMatchObject(
      Array.from({ length: expected }, () => ({ event_id: id, note: 'held back' })),
    );
  });
});
