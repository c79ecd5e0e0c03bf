import { beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import { Browser } from './browser.ts';
import { PlatformControl } from './platform-control.ts';

const world = inject('offline');
const platform = new PlatformControl(world);
const company = 71;
let application = '';

/** Installs the extension, and has one of the company's storefronts forward to it: a handler attaches the path. */
async function attached(id: number): Promise<{ browser: Browser; application: string }> {
  const browser = new Browser(world);
  expect((await browser.signIn(id, 'owner', { install_event: 'true' })).status).toBe(302);
  await vi.waitFor(async () => expect(await platform.subscribers(id)).toHaveLength(1), { timeout: 60_000 });
  const application_id = await platform.applicationOf(id);
  await platform.event(id, { event: 'company/brand/update/v1', application_id });
  const isThere = async () =>
    expect((await platform.storefronts()).map((one) => one.application_id)).toContain(application_id);
  await vi.waitFor(isThere, { timeout: 60_000 });
  return { browser, application: application_id };
}

beforeAll(async () => {
  await platform.reset();
  ({ application } = await attached(company));
}, 180_000);
beforeEach(() => platform.clearFaults());

const shopperCall = (call: Record<string, unknown>) => platform.shopperCall(application, call);
const codeOf = ({ status, body }: { status: number; body: string }) => [
  status,
  (JSON.parse(body) as { code: string }).code,
];

describe('a storefront', () => {
  test('forwards shoppers to the handler, who are told from those who are not signed in', async () => {
    const signedIn = await shopperCall({ path: '/ext/wishlist/7?sort=name&sort=a', shopper: 'ishaan' });
    expect(signedIn.status).toBe(200);
    expect(JSON.parse(signedIn.body)).toMatchObject({
      company: String(company),
      application,
      shopper: expect.stringMatching(/./),
      id: '7',
      query: [
        ['sort', 'name'],
        ['sort', 'a'],
      ],
      saw: { products: true, page: true },
      cookies: null,
    });
    const visitor = await shopperCall({ path: '/ext/wishlist/7' });
    expect(JSON.parse(visitor.body)).toMatchObject({ shopper: null });
  });

  test('forwards bodies byte by byte', async () => {
    const body_base64 = Buffer.from([0, 255, 123, 10]).toString('base64');
    const headers = { 'content-type': 'application/octet-stream' };
    const answer = await shopperCall({ path: '/ext/wishlist', method: 'POST', headers, body_base64 });
    expect([answer.status, JSON.parse(answer.body)]).toMatchObject([200, { bytes: 4 }]);
  });

  test.each([
    ['unsigned', 401, 'signature_required'],
    ['signature', 403, 'signature_mismatch'],
    ['shopper', 403, 'signature_mismatch'],
    ['body', 403, 'signature_mismatch'],
  ])('whose call is tampered with (%s) is refused', async (tamper, status, code) => {
    const call = { path: '/ext/wishlist', method: 'POST', body: '{"a":1}', shopper: 'rhea', tamper };
    expect(codeOf(await shopperCall(call))).toEqual([status, code]);
  });

  test('is heard for five minutes', async () => {
    for (const date_offset_seconds of [-320, 320]) {
      const answer = await shopperCall({ path: '/ext/wishlist/7', date_offset_seconds });
      expect(codeOf(answer)).toEqual([400, 'signature_expired']);
    }
    expect((await shopperCall({ path: '/ext/wishlist/7', date_offset_seconds: -200 })).status).toBe(200);
  });

  test('finds nothing where no handler is, and nobody else is told even that', async () => {
    expect(codeOf(await shopperCall({ path: '/ext/wishlist/7/deeper' }))).toEqual([404, 'not_found']);
    const response = await fetch(`${world.baseUrl}/ext/wishlist/7/deeper`);
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([401, 'signature_required']);
  });
});

describe('the payment service', () => {
  const pay = (call: Record<string, unknown>) => platform.paymentCall(company, call);
  const path = `/pay/${company}/65a000000000000000000001`;

  test('calls for the company that it signs', async () => {
    const answer = await pay({ path, body: { company_id: company, amount: 100 } });
    expect([answer.status, JSON.parse(answer.body)]).toEqual([
      200,
      { success: true, company: String(company), signed: { company_id: company, amount: 100 } },
    ]);
  });

  test('is refused with another checksum, with none, and at the path of another company', async () => {
    const body = { company_id: company };
    expect(codeOf(await pay({ path, body, checksum: 'wrong' }))).toEqual([403, 'signature_mismatch']);
    expect(codeOf(await pay({ path, body, checksum: 'none' }))).toEqual([401, 'signature_required']);
    const elsewhere = '/pay/2/65a000000000000000000001';
    expect(codeOf(await pay({ path: elsewhere, body }))).toEqual([403, 'tenant_mismatch']);
  });

  test('asks how a payment goes, with the checksum of its id', async () => {
    const status = await pay({ path: '/api/v1/payment_status/g1', method: 'GET', gid: 'g1' });
    expect([status.status, JSON.parse(status.body)]).toEqual([
      200,
      { gid: 'g1', verifiedBy: 'checksum', status: 'pending' },
    ]);
    const other = await pay({ path: '/api/v1/payment_status/g2', method: 'GET', gid: 'g1' });
    expect(codeOf(other)).toEqual([403, 'signature_mismatch']);
  });
});

test('a gateway calls a route that its handler judges, with its own Authorization and no cookie', async () => {
  const url = `${world.baseUrl}/api/v1/payment_callback/${company}`;
  const headers = { authorization: 'Bearer CANARY-gateway', cookie: `__Host-ext_session_${company}=x` };
  const response = await fetch(url, { method: 'POST', headers, body: 'paid=1' });
  expect([response.status, await response.json()]).toEqual([
    200,
    { company: String(company), body: 'paid=1', cookies: null },
  ]);
  expect((await fetch(url, { method: 'POST', body: 'paid=1' })).status).toBe(401);
  const nobody = `${world.baseUrl}/api/v1/payment_callback/249`;
  expect((await fetch(nobody, { method: 'POST', headers, body: '' })).status).toBe(409);
});
