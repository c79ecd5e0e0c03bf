import { createHmac } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { handler as AutoInstall } from '../../functions/auto-install.ts';
import type { call as makeCall, companyCall as makeCompanyCall } from '../../functions/runtime/call.ts';
import { signatureDate, signV2 } from '../../shared/fynd/signature.ts';
import { baseUrl } from '../shared/fixture/extension.ts';
import { gatewayEvent, type TestRequest } from './fixture/event.ts';
import { signsIn, startWorld, type World } from './fixture/world.ts';

const handler = './test/extension/x.ts';
let world: World;
let call: typeof makeCall;
let companyCall: typeof makeCompanyCall;
let autoInstall: typeof AutoInstall;
beforeAll(async () => {
  // As a payment extension has them: what the platform tells it, what it is asked, and what a gateway calls.
  world = await startWorld({
    calls: {
      'POST /pay/{company_id}/{application_id}': { handler, verify: 'checksum', company: 'body.company_id' },
      'POST /nested': { handler, verify: 'checksum', company: 'body.order.company_id' },
      'GET /status/{gid}': { handler, verify: 'checksum' },
      'GET /status': { handler, verify: 'checksum' },
      'POST /channel': { handler, verify: 'storefront' },
      'POST /api/v1/payment_callback/{company_id}/{application_id}': { handler, verify: 'none' },
    },
  });
  ({ call, companyCall } = await import('../../functions/runtime/call.ts'));
  ({ handler: autoInstall } = await import('../../functions/auto-install.ts'));
});
afterAll(() => world.close());
afterEach(() => {
  world.platform.answer = signsIn;
  world.platform.requests.length = 0;
});

const secret = 'CANARY-api-secret';
const checksum = (text: string, key = secret) => createHmac('sha256', key).update(text).digest('hex');

async function installed(): Promise<string> {
  const company = world.tables.newCompany();
  const body = JSON.stringify({ company_id: company, code: 'CANARY-code' });
  await world.send(autoInstall, gatewayEvent({ method: 'POST', path: '/fp/auto_install', body }));
  world.platform.requests.length = 0;
  return company;
}

/** As the gateway routes it. */
function routed(routeKey: string, request: Omit<TestRequest, 'method'>) {
  const event = gatewayEvent({ ...request, method: routeKey.slice(0, routeKey.indexOf(' ')) });
  return { ...event, routeKey, requestContext: { ...event.requestContext, routeKey } };
}

function pay(company: string, body: unknown, { path = company, sum }: { path?: string; sum?: string } = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return routed('POST /pay/{company_id}/{application_id}', {
    path: `/pay/${path}/a1`,
    pathParameters: { company_id: path, application_id: 'a1' },
    body: text,
    headers: { 'content-type': 'application/json', checksum: sum ?? checksum(text) },
  });
}

describe('a call with a checksum over its body', () => {
  test('acts for the company that was signed', async () => {
    const company = await installed();
    const body = { company_id: Number(company), order_id: 'o1' };
    const answer = await world.send(
      companyCall(async ({ company, platform, request, verifiedBy }) => {
        await platform.get(`order/v1.0/company/${company}/orders`);
        return { company, verifiedBy, body: request.json(), bytes: request.body?.byteLength };
      }),
      pay(company, body),
    );
    expect(answer.json).toEqual({ company, verifiedBy: 'checksum', body, bytes: JSON.stringify(body).length });
    expect(answer.headers).toMatchObject({ 'cache-control': 'private, no-store' });
    expect(answer.log).toMatchObject({ company_id: company });
    expect(world.platform.requests[0]?.headers.authorization).toBe('Bearer CANARY-offline-token');
  });

  test('of one company at another’s path is refused before the handler runs', async () => {
    const [mine, theirs] = [await installed(), await installed()];
    let runs = 0;
    const route = companyCall(() => Promise.resolve(++runs));
    const answer = await world.send(route, pay(mine, { company_id: mine }, { path: theirs }));
    expect([answer.status, answer.json['code'], runs]).toEqual([403, 'tenant_mismatch', 0]);
  });

  test.each([
    [401, 'signature_required', 'no checksum', ''],
    [403, 'signature_mismatch', 'another secret’s', checksum('{"company_id":1}', 'CANARY-other')],
    [403, 'signature_mismatch', 'another body’s', checksum('{"company_id":2}')],
  ])('is refused with %i %s: %s', async (status, code, _what, sum) => {
    let runs = 0;
    const route = companyCall(() => Promise.resolve(++runs));
    const answer = await world.send(route, pay('1', '{"company_id":1}', { sum }));
    expect([answer.status, answer.json['code'], runs]).toEqual([status, code, 0]);
  });

  test.each([
    ['{"company_id":["1"]}'],
    ['{"company_id":"01"}'],
    ['{"company_id":"1234567890123456789"}'],
    ['{"__proto__":{"company_id":"1"}}'],
    ['{}'],
    ['[]'],
    ['null'],
    ['CANARY'],
  ])('that says %s names no company', async (body) => {
    const answer = await world.send(
      companyCall(() => Promise.resolve({})),
      pay('1', body),
    );
    expect([answer.status, answer.json['code']]).toEqual([400, 'invalid_request']);
  });

  test('names its company wherever the configuration says', async () => {
    const company = await installed();
    const body = JSON.stringify({ company_id: '1', order: { company_id: company } });
    const event = routed('POST /nested', { path: '/nested', body, headers: { checksum: checksum(body) } });
    const route = companyCall((context) => Promise.resolve({ company: context.company }));
    expect((await world.send(route, event)).json).toEqual({ company });
  });

  test('of a company that is not installed is 409', async () => {
    const company = world.tables.newCompany();
    const answer = await world.send(
      companyCall(() => Promise.resolve({})),
      pay(company, { company_id: company }),
    );
    expect([answer.status, answer.json['code']]).toEqual([409, 'installation_required']);
  });
});

describe('a status call, which has no body', () => {
  const status = (sum: string, request: Partial<TestRequest> = {}) =>
    routed('GET /status/{gid}', {
      path: '/status/g1',
      pathParameters: { gid: 'g1' },
      headers: { checksum: sum },
      ...request,
    });
  const route = () => call(({ request }) => Promise.resolve({ gid: request.pathParameters['gid'] }));

  test('is signed over the parameter gid', async () => {
    expect((await world.send(route(), status(checksum('g1')))).json).toEqual({ gid: 'g1' });
    expect((await world.send(route(), status(checksum('g2')))).json['code']).toBe('signature_mismatch');
    const inQuery = routed('GET /status', { path: '/status', query: 'gid=g1', headers: { checksum: checksum('g1') } });
    expect((await world.send(route(), inQuery)).status).toBe(200);
  });

  test('without that parameter is 400, whatever it brings', async () => {
    for (const query of ['', 'gid=g1&gid=g2']) {
      const event = routed('GET /status', { path: '/status', query, headers: { checksum: checksum('') } });
      expect([query, (await world.send(route(), event)).json['code']]).toEqual([query, 'invalid_request']);
    }
  });

  test('is answered for HEAD as for GET', async () => {
    const event = { ...status(checksum('g1')), routeKey: 'HEAD /status/{gid}' };
    expect((await world.send(route(), event)).status).toBe(200);
  });
});

describe('a call through a storefront', () => {
  test('is verified as those below /ext/, and names its company in what was signed', async () => {
    const company = await installed();
    const data = JSON.stringify({ _id: '65a000000000000000000001', company_id: company });
    const date = signatureDate(new Date());
    const headers = { host: new URL(baseUrl).host, 'x-fp-date': date, 'x-application-data': data };
    const signature = signV2({ method: 'POST', target: '/channel', headers, body: '{}' }, date, secret);
    const event = routed('POST /channel', {
      path: '/channel',
      body: '{}',
      headers: { ...headers, 'x-fp-signature': signature },
    });
    const route = companyCall((context) => Promise.resolve({ company: context.company }));
    expect((await world.send(route, event)).json).toEqual({ company });
    expect((await world.send(route, { ...event, body: '{"a":1}' })).json['code']).toBe('signature_mismatch');
  });
});

describe('a call that nothing proves', () => {
  const callback = (request: Partial<TestRequest> = {}) =>
    routed('POST /api/v1/payment_callback/{company_id}/{application_id}', {
      path: '/api/v1/payment_callback/1/a1',
      pathParameters: { company_id: '1', application_id: 'a1' },
      body: 'status=paid',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      ...request,
    });

  test('runs with what it brings but cookies: Authorization is the caller’s own', async () => {
    const cookie = '__Host-ext_session_1=CANARY-cookie';
    let seen: unknown;
    const route = call(({ request, lambda }) => {
      seen = { ...request.headers, ...lambda.event };
      return Promise.resolve({ text: request.body?.toString(), has: request.headers['authorization'] !== undefined });
    });
    const answer = await world.send(
      route,
      callback({ cookie, headers: { authorization: 'Bearer CANARY-gateway', origin: 'https://elsewhere.example' } }),
    );
    expect([answer.status, answer.json]).toEqual([200, { text: 'status=paid', has: true }]);
    expect(JSON.stringify(seen)).not.toContain('CANARY-cookie');
    expect(JSON.stringify(answer.log)).not.toContain('CANARY');
  });

  test('has a company only where the author vouches for it', async () => {
    const company = await installed();
    const route = call(async ({ asUnprovenCompany, request }) => {
      const { platform, company: id } = await asUnprovenCompany(request.query.get('id') ?? '');
      await platform.get(`order/v1.0/company/${id}/orders`);
      return { id };
    });
    expect((await world.send(route, callback({ query: `id=${company}` }))).json).toEqual({ id: company });
    for (const [id, status] of [
      [world.tables.newCompany(), 409],
      ['01', 400],
      ['', 400],
      ['__proto__', 400],
    ] as const) {
      expect([id, (await world.send(route, callback({ query: `id=${id}` }))).status]).toEqual([id, status]);
    }
  });
});

test('a route that the configuration does not name is not served', async () => {
  let runs = 0;
  const answer = await world.send(
    call(() => Promise.resolve(++runs)),
    routed('POST /elsewhere', { path: '/elsewhere', body: '{}' }),
  );
  expect([answer.status, answer.json['code'], runs]).toEqual([500, 'internal', 0]);
});
