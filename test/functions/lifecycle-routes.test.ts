import { createHmac } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { handler as AutoInstall } from '../../functions/auto-install.ts';
import type { handler as Uninstall } from '../../functions/uninstall.ts';
import { signatureDate, signV2 } from '../../shared/fynd/signature.ts';
import { clientId } from '../shared/fixture/extension.ts';
import { offlineToken } from '../shared/fixture/sign-in.ts';
import { gatewayEvent, type TestRequest } from './fixture/event.ts';
import { everywhere, signsIn, startWorld, type World } from './fixture/world.ts';

let world: World;
let handlers: { autoInstall: typeof AutoInstall; uninstall: typeof Uninstall };
beforeAll(async () => {
  world = await startWorld({
    hooks: { installed: './functions/x.ts', uninstalled: './functions/x.ts' },
    events: { 'company/product/update/v1': './functions/x.ts' },
    webhooks: { notificationEmail: 'owner@example.com' },
  });
  const { handler: autoInstall } = await import('../../functions/auto-install.ts');
  const { handler: uninstall } = await import('../../functions/uninstall.ts');
  handlers = { autoInstall, uninstall };
});
afterAll(() => world.close());
afterEach(() => {
  world.platform.answer = signsIn;
  world.platform.requests.length = 0;
  world.queue.sent.length = 0;
  world.queue.refuses = false;
});

const json = { 'content-type': 'application/json' };
const post = (path: string, body: unknown, more: Partial<TestRequest> = {}) =>
  gatewayEvent({
    method: 'POST',
    path,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    headers: json,
    ...more,
  });
const malformed: [string, unknown][] = [
  ['nothing', undefined],
  ['an empty text', ''],
  ['no JSON', 'CANARY'],
  ['a list', []],
  ['null', 'null'],
  ['no company', { client_id: clientId, code: 'CANARY-code' }],
  ['a company that is none', { company_id: '01', client_id: clientId, code: 'CANARY-code' }],
  ['a company in a list', { company_id: ['1'], client_id: clientId, code: 'CANARY-code' }],
  ['no code and no client', { company_id: 1 }],
  ['an empty code and a strange client', { company_id: 1, code: '', client_id: 'CANARY-client' }],
];

describe('an installation without a person', () => {
  const autoInstall = (body: unknown) => world.send(handlers.autoInstall, post('/fp/auto_install', body));

  test('redeems the code, stores the grant and has hooks and webhooks follow', async () => {
    const company = world.tables.newCompany();
    const answer = await autoInstall({ company_id: Number(company), code: 'CANARY-code' });
    expect([answer.status, answer.json]).toEqual([200, { message: 'success' }]);
    expect(answer.log['company_id']).toBe(company);
    expect(answer.headers).toMatchObject({ ...everywhere, ...json, 'cache-control': 'no-store' });
    expect(answer.cookies).toEqual([]);
    expect(world.platform.requests.map(({ url }) => url.split('/').at(-1))).toEqual(['offline-token']);
    expect(await world.tables.row(company)).toMatchObject({ status: { S: 'installed' }, generation: { N: '1' } });
    expect(world.queue.sent.map(({ message, group }) => [message['kind'], message['hook'], group])).toEqual([
      ['lifecycle', 'installed', `company#${company}`],
      ['register', undefined, `register#${company}`],
    ]);
  });

  test('of a company that is installed is a new one: it may have uninstalled without our hearing of it', async () => {
    const company = world.tables.newCompany();
    const before = { generation: { N: '1' }, installedAtMs: { N: String(Date.now() - 1_000) } };
    await world.tables.putInstallation(company, { ...before, announced: { S: 'g1 company/orders company/products' } });
    expect((await autoInstall({ company_id: company, code: 'CANARY-code' })).status).toBe(200);
    expect(await world.tables.row(company)).toMatchObject({ status: { S: 'installed' }, generation: { N: '2' } });
    expect(world.queue.sent.map(({ message }) => [message['kind'], message['generation']])).toEqual([
      ['lifecycle', 2],
      ['register', 2],
    ]);
  });

  test('of a company that is installed leaves it as it is where the code does not redeem', async () => {
    const company = world.tables.newCompany();
    await world.tables.putInstallation(company, { installedAtMs: { N: '1' } });
    const before = await world.tables.row(company);
    world.platform.answer = () => ({ status: 400, body: { error: 'invalid_grant' } });
    expect((await autoInstall({ company_id: company, code: 'CANARY-forged' })).status).toBe(502);
    expect(await world.tables.row(company)).toEqual(before);
    expect(world.queue.sent).toEqual([]);
  });

  test('of a company that uninstalled is a new installation', async () => {
    const company = world.tables.newCompany();
    await world.tables.putInstallation(company, { status: { S: 'uninstalled' }, generation: { N: '4' } });
    await autoInstall({ company_id: company, code: 'CANARY-code' });
    expect(await world.tables.row(company)).toMatchObject({ status: { S: 'installed' }, generation: { N: '5' } });
  });

  for (const [code, status, what, answer] of [
    ['code_refused', 502, 'does not know the code', { status: 400, body: { error: 'invalid_grant' } }],
    ['scopes_missing', 403, 'grants too little', { body: { ...offlineToken, scope: ['company/products'] } }],
    ['platform_error', 502, 'is down', { status: 503 }],
  ] as const) {
    test(`is ${code} where the platform ${what}, and nothing is stored or queued`, async () => {
      const company = world.tables.newCompany();
      world.platform.answer = () => answer;
      const refused = await autoInstall({ company_id: company, code: 'CANARY-code' });
      expect([refused.status, refused.json['code']]).toEqual([status, code]);
      expect(await world.tables.row(company)).toBeUndefined();
      expect(world.queue.sent).toEqual([]);
    });
  }

  test('that is wrongly signed, or forwarded for a shopper, is 403, and nobody is asked', async () => {
    const body = JSON.stringify({ company_id: 1, code: 'CANARY-code' });
    for (const headers of [{ 'x-fp-signature': '0'.repeat(64) }, { 'x-user-data': '{}' }]) {
      const request = post('/fp/auto_install', body, { headers: { ...json, ...headers } });
      const refused = await world.send(handlers.autoInstall, request);
      expect([refused.status, refused.json['code']]).toEqual([403, 'signature_mismatch']);
    }
    expect(world.platform.requests).toEqual([]);
    const signature = createHmac('sha256', 'CANARY-api-secret').update(body).digest('hex');
    const signed = post('/fp/auto_install', body, { headers: { ...json, 'x-fp-signature': signature } });
    expect((await world.send(handlers.autoInstall, signed)).status).toBe(200);
  });

  test('of more than 8 KB is 413 before anything reads it', async () => {
    const padded = (bytes: number) => {
      const text = JSON.stringify({ company_id: 1, code: 'CANARY-code', x: '' });
      return text.replace('"x":""', `"x":"${'x'.repeat(bytes - text.length)}"`);
    };
    for (const body of [padded(8_193), '['.repeat(8_193), 'x'.repeat(5_000_000)]) {
      const refused = await autoInstall(body);
      expect([refused.status, refused.json['code']]).toEqual([413, 'content_too_large']);
      expect(world.platform.requests).toEqual([]);
    }
    expect((await autoInstall(padded(8_192))).status).toBe(200);
  });

  for (const [what, body] of malformed) {
    test(`with ${what} is refused, and nobody is asked`, async () => {
      const refused = await autoInstall(body);
      expect([refused.status, refused.json['code']]).toEqual([400, 'invalid_request']);
      expect([world.platform.requests, world.queue.sent]).toEqual([[], []]);
    });
  }
});

describe('a message that a company uninstalled', () => {
  const usual = (company: string) => ({ company_id: Number(company), client_id: clientId });
  const uninstall = (body: unknown, headers: Record<string, string> = {}, more: Partial<TestRequest> = {}) =>
    world.send(handlers.uninstall, post('/fp/uninstall', body, { headers: { ...json, ...headers }, ...more }));
  const signed = (company: string, key = 'CANARY-api-secret', at = new Date()) => {
    const body = Buffer.from(JSON.stringify(usual(company)));
    const date = signatureDate(at);
    const headers = { host: 'extension.example', 'x-fp-date': date };
    const request = { method: 'POST', target: '/fp/uninstall?source=panel', headers, body };
    return { ...headers, 'x-fp-signature': signV2(request, date, key) };
  };
  const query = { query: 'source=panel' };

  test('is 200 and a job, whatever the truth is; nothing else happens yet', async () => {
    for (const company of [world.tables.newCompany(), (await world.signIn()).company]) {
      world.queue.sent.length = 0;
      world.tables.calls.length = 0;
      const answer = await uninstall(usual(company));
      expect([answer.status, answer.json]).toEqual([200, { success: true }]);
      expect(answer.log['company_id']).toBe(company);
      expect(answer.headers).toMatchObject({ ...everywhere, ...json, 'cache-control': 'no-store' });
      expect(world.queue.sent).toMatchObject([
        { message: { kind: 'uninstall', company }, group: `uninstall#${company}` },
      ]);
      expect(world.queue.sent[0]?.message).not.toHaveProperty('signedAtMs');
      expect([world.tables.calls, world.platform.requests]).toEqual([[], []]);
    }
  });

  test('is a job each time that it is sent: the company may have installed in between', async () => {
    for (const company of ['501', '501', '502']) await uninstall(usual(company));
    const ids = world.queue.sent.map(({ deduplicationId }) => deduplicationId);
    expect(new Set(ids).size).toBe(3);
  });

  test('that is forwarded for a shopper is 403, signed or not, and no job', async () => {
    for (const name of ['x-user-data', 'x-application-data']) {
      for (const headers of [{}, signed('508')]) {
        const refused = await uninstall(usual('508'), { ...headers, [name]: '{}' }, query);
        expect([refused.status, refused.json['code']]).toEqual([403, 'signature_mismatch']);
      }
    }
    expect(world.queue.sent).toEqual([]);
  });

  test('that is signed with a date brings the date along', async () => {
    const at = new Date(Math.floor(Date.now() / 1000) * 1000);
    expect((await uninstall(usual('503'), signed('503', undefined, at), query)).status).toBe(200);
    expect(world.queue.sent[0]?.message).toMatchObject({ company: '503', isSigned: true, signedAtMs: at.getTime() });
    expect(world.queue.sent[0]?.group).toBe('signed-uninstall#503');
    const text = JSON.stringify(usual('503'));
    const asBase64 = { ...query, body: Buffer.from(text).toString('base64'), isBase64Encoded: true };
    expect((await uninstall(undefined, signed('503', undefined, at), asBase64)).status).toBe(200);
  });

  test('that is signed like a webhook, or long ago, counts as one without a date', async () => {
    const text = JSON.stringify(usual('504'));
    const hmac = createHmac('sha256', 'CANARY-api-secret').update(text).digest('hex');
    await uninstall(text, { 'x-fp-signature': hmac });
    await uninstall(usual('504'), signed('504', undefined, new Date(Date.now() - 3_600_000)), query);
    expect(world.queue.sent.map(({ message }) => message['isSigned'])).toEqual([true, false]);
    for (const { message } of world.queue.sent) expect(message).not.toHaveProperty('signedAtMs');
  });

  test('that is wrongly signed is 403, also where it is malformed, and no job', async () => {
    for (const [body, headers] of [
      [usual('505'), { 'x-fp-signature': '0'.repeat(64) }],
      [usual('505'), signed('505', 'CANARY-other-secret')],
      [usual('506'), signed('505')],
      ['CANARY', { 'x-fp-signature': 'v1.1:0' }],
    ] as const) {
      const refused = await uninstall(body, headers, query);
      expect([refused.status, refused.json['code']]).toEqual([403, 'signature_mismatch']);
    }
    expect(world.queue.sent).toEqual([]);
  });

  test('of more than 8 KB is 413, also where it is wrongly signed, and no job', async () => {
    for (const body of [{ ...usual('509'), x: 'x'.repeat(8_192) }, '['.repeat(8_193)]) {
      for (const headers of [{}, { 'x-fp-signature': '0'.repeat(64) }]) {
        const refused = await uninstall(body, headers);
        expect([refused.status, refused.json['code']]).toEqual([413, 'content_too_large']);
      }
    }
    expect(world.queue.sent).toEqual([]);
  });

  for (const [what, body] of malformed) {
    test(`with ${what} is refused, and there is no job`, async () => {
      const refused = await uninstall(body);
      expect([refused.status, refused.json['code']]).toEqual([400, 'invalid_request']);
      expect(world.queue.sent).toEqual([]);
    });
  }

  test('is 500 where the queue does not take it, so that the platform may try again', async () => {
    world.queue.refuses = true;
    const refused = await uninstall(usual('507'));
    expect([refused.status, refused.json['code']]).toEqual([500, 'internal']);
  });
});
