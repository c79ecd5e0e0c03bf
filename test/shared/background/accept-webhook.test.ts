import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { acceptReceived, acceptWebhook } from '../../../shared/background/accept-webhook.ts';
import { parseMessage, webhookBody } from '../../../shared/background/messages.ts';
import type { Extension } from '../../../shared/config.ts';
import type { QueuedMessage } from '../../../shared/store/work-queue.ts';
import { companyTenant } from '../../../shared/tenant.ts';
import { noon, testExtension } from '../fixture/extension.ts';
import { problemOf } from '../fixture/problem.ts';

const key = 'CANARY-webhook-key-0123456789abcdef';
const otherKey = 'CANARY-another-key-0123456789abcdef';
/** As the registration gave it. */
const secretOf = (company: string, of = key) => createHmac('sha256', of).update(`company#${company}`).digest('hex');
const signed = (bytes: Buffer, secret: string) => createHmac('sha256', secret).update(bytes).digest('hex');
const events = {
  'company/product/update/v1': './test/extension/on-product-update.ts',
  'company/order/update/v2': { provider: 'kafka', destination: 'orders' },
} as const;
const notificationEmail = 'owner@example.com';
const extension = testExtension({ events, webhooks: { notificationEmail } });
const insisting = testExtension({ events, webhooks: { notificationEmail, secret: 'api-secret' } });
const daysAgo = (days: number) => noon.getTime() - days * 86_400_000;
const product = { category: 'company', name: 'product', type: 'update', version: '1' };
const usual = { company_id: 12, event: { ...product, created_timestamp: noon.getTime() }, payload: {} };

const sent: QueuedMessage[] = [];
async function deliver(
  body: unknown,
  options: {
    signature?: string | undefined;
    /** What signed it. */
    secret?: string;
    keys?: readonly string[];
    /** What is in the address. */
    companyIds?: readonly string[];
    extension?: Extension;
    send?: () => Promise<void>;
  } = {},
) {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const { keys = [key], companyIds = ['12'], secret = secretOf('12'), signature = signed(bytes, secret) } = options;
  sent.length = 0;
  const send = options.send ?? ((messages: readonly QueuedMessage[]) => Promise.resolve(void sent.push(...messages)));
  const { outcome } = await acceptWebhook(
    { extension, keys, queue: { send }, now: () => noon, ...options },
    { body: bytes, companyIds, signature: 'signature' in options ? options.signature : signature },
  );
  return outcome;
}

describe('a delivery', () => {
  test('of an event that the extension handles is queued with the very bytes that were signed', async () => {
    const text = JSON.stringify(usual, undefined, 2);
    expect(await deliver(text)).toBe('queued');
    expect(sent).toHaveLength(1);
    const message = parseMessage(sent[0]?.body ?? '');
    if (message?.kind !== 'webhook') throw new Error('It is no webhook.');
    expect(message).toMatchObject({ tenant: companyTenant('12'), receivedAtMs: noon.getTime() });
    expect(webhookBody(message).toString()).toBe(text);
    expect(sent[0]?.group).toBe('company#12');
  });

  type Named = Pick<typeof usual, 'company_id'> & Record<string, unknown>;
  const idsOf = async (...bodies: Named[]) => {
    const ids = new Set<string | undefined>();
    for (const body of bodies) {
      const company = String(body.company_id);
      await deliver(body, { companyIds: [company], secret: secretOf(company) });
      ids.add(sent[0]?.deduplicationId);
    }
    return ids.size;
  };

  test('has one de-duplication id for one body, whatever else it comes with', async () => {
    expect(await idsOf(usual, usual, { ...usual, payload: { n: 1 } })).toBe(2);
  });

  test('has one de-duplication id for one signed event id, whatever else of it differs', async () => {
    const named = (changes: object, more: object = {}) => ({ ...usual, ...more, event: { ...product, ...changes } });
    expect(
      await idsOf(
        named({ id: '7', trace_id: ['a'] }),
        named({ id: 7, trace_id: ['b'] }),
        named({ id: '7', created_timestamp: 1_783_684_800_001 }, { payload: { n: 1 } }),
      ),
    ).toBe(1);
    expect(await idsOf(named({ id: '7' }), named({ id: '8' }), named({ id: '7' }, { company_id: 13 }))).toBe(3);
    // What is no id names nothing.
    expect(await idsOf(named({ id: '' }), named({ id: '' }, { payload: { n: 1 } }), named({ id: null }))).toBe(3);
  });

  for (const [outcome, what, body] of [
    ['ping', 'a test', { company_id: 12, event: { category: 'webhook', name: 'ping', type: 'test', version: '1' } }],
    ['ping', 'a test that says little', { event: { name: 'ping' } }],
    ['ping', 'an old test', { company_id: 12, event: { name: 'ping', created_timestamp: 1 } }],
    ['unhandled', 'another type', { ...usual, event: { ...product, type: 'create' } }],
    ['unhandled', 'another version', { ...usual, event: { ...product, version: '2' } }],
    ['unhandled', 'what goes past the extension', { ...usual, event: { ...product, name: 'order', version: '2' } }],
    ['unhandled', 'nobody in particular', { event: { ...product, category: 'global' } }],
    ['too_old', 'more than 30 days ago', { ...usual, event: { ...product, created_timestamp: daysAgo(30) - 1 } }],
    ['queued', '30 days ago', { ...usual, event: { ...product, created_timestamp: daysAgo(30) } }],
    ['queued', 'tomorrow', { ...usual, event: { ...product, created_timestamp: daysAgo(-1) } }],
    ['queued', 'a century from now', { ...usual, event: { ...product, created_timestamp: daysAgo(-36_500) } }],
    ['queued', 'the beginning of time', { ...usual, event: { ...product, created_timestamp: 0 } }],
    ['queued', 'a time in seconds', { ...usual, event: { ...product, created_timestamp: noon.getTime() / 1000 } }],
    ['queued', 'a time before all time', { ...usual, event: { ...product, created_timestamp: -1 } }],
    ['queued', 'a time that is none', { ...usual, event: { ...product, created_timestamp: 'CANARY' } }],
    ['queued', 'no sales channel that is one', { ...usual, application_id: '' }],
    ['unhandled', 'a version that is none', { ...usual, event: { ...product, version: null } }],
    ['queued', 'an unknown time', { ...usual, event: product }],
  ] as const) {
    test(`of ${what} is ${outcome}`, async () => {
      expect(await deliver(body)).toBe(outcome);
      expect(sent).toHaveLength(outcome === 'queued' ? 1 : 0);
    });
  }

  for (const [code, status, what, options] of [
    ['signature_required', 401, 'no signature', { signature: undefined }],
    ['signature_required', 401, 'an empty one', { signature: '' }],
    ['signature_mismatch', 403, 'a wrong one', { signature: '0'.repeat(64) }],
    ['signature_mismatch', 403, 'one by another key', { keys: [otherKey] }],
    ['signature_mismatch', 403, 'one by another company’s secret', { secret: secretOf('13') }],
    ['signature_mismatch', 403, 'one by the webhook key itself', { secret: key }],
    ['signature_mismatch', 403, 'the address of another company', { companyIds: ['13'] }],
  ] as const) {
    test(`with ${what} is ${code}, whatever it is, and nothing is queued`, async () => {
      for (const body of [usual, { event: { name: 'ping' } }, 'no JSON', '']) {
        expect(await problemOf(deliver(body, options))).toMatchObject({ code, status });
        expect(sent).toEqual([]);
      }
    });
  }

  test('that is signed under the previous key is taken while that counts', async () => {
    expect(await deliver(usual, { keys: [otherKey, key] })).toBe('queued');
    // A key that was too short was refused: whoever put it right need not wait until it counts no more.
    expect(await deliver(usual, { keys: [key, 'CANARY-short'] })).toBe('queued');
  });

  const tenantSent = () => {
    const message = parseMessage(sent[0]?.body ?? '');
    return message?.kind === 'webhook' ? message.tenant : undefined;
  };

  for (const [what, companyIds] of [
    ['no company', []],
    ['what is no company', ['12x']],
    ['two', ['12', '13']],
  ] as const) {
    test(`whose address names ${what} is verified under the secret of the company in its body`, async () => {
      for (const company_id of [12, '12']) {
        expect(await deliver({ ...usual, company_id }, { companyIds })).toBe('queued');
        expect(tenantSent()).toEqual(companyTenant('12'));
      }
      const long = { ...usual, company_id: 'LONG' };
      const text = JSON.stringify(long).replace('"LONG"', '900719925474099311');
      expect(await deliver(text, { companyIds, secret: secretOf('900719925474099311') })).toBe('queued');
      expect(await problemOf(deliver({ ...usual, company_id: 13 }, { companyIds }))).toMatchObject({
        code: 'signature_mismatch',
      });
    });
  }

  test('without a company, neither in its address nor in its body, is signed by nobody', async () => {
    const { company_id: _, ...nobody } = usual;
    for (const secret of [secretOf('12'), secretOf(''), secretOf('undefined'), key, '']) {
      expect(await problemOf(deliver(nobody, { companyIds: [], secret }))).toMatchObject({
        code: 'signature_mismatch',
      });
    }
  });

  test('that names none counts for the company whose secret signed it', async () => {
    const { company_id: _, ...nobody } = usual;
    expect(await deliver(nobody)).toBe('queued');
    expect(tenantSent()).toEqual(companyTenant('12'));
  });

  test('that names another company than the one whose secret signed it is refused', async () => {
    expect(await problemOf(deliver({ ...usual, company_id: 13 }))).toMatchObject({
      code: 'signature_mismatch',
      status: 403,
    });
    expect(sent).toEqual([]);
  });

  test('of more than a megabyte is not read before it is verified', async () => {
    const large = { ...usual, payload: { text: 'x'.repeat(1_000_000) } };
    expect(await problemOf(deliver(large, { companyIds: [] }))).toMatchObject({ code: 'content_too_large' });
    expect(await deliver(large)).toBe('queued');
  });

  describe('of a platform that insists on the API secret', () => {
    const apiSecret = 'CANARY-api-secret';
    const insist = { extension: insisting, keys: ['CANARY-newer', apiSecret], secret: apiSecret } as const;

    test('is verified under that, whatever company is named', async () => {
      for (const companyIds of [['12'], []]) expect(await deliver(usual, { ...insist, companyIds })).toBe('queued');
      expect(tenantSent()).toEqual(companyTenant('12'));
      expect(await problemOf(deliver(usual, { ...insist, secret: secretOf('12', apiSecret) }))).toMatchObject({
        code: 'signature_mismatch',
      });
    });

    test('counts for nobody where its body names none: the address is not signed', async () => {
      const { company_id: _, ...nobody } = usual;
      expect(await deliver(nobody, insist)).toBe('unhandled');
      expect(await problemOf(deliver(usual, { ...insist, companyIds: ['13'] }))).toMatchObject({
        code: 'signature_mismatch',
      });
    });
  });

  test('that is malformed though signed is refused, and nothing is queued', async () => {
    for (const body of ['', 'no JSON', '{}', '['.repeat(1_000), Buffer.from([0x7b, 0xff, 0x7d])]) {
      expect(await problemOf(deliver(body))).toMatchObject({ code: 'invalid_request', status: 400 });
      expect(sent).toEqual([]);
    }
  });

  test('of several megabytes travels where compression helps, and is 413 where not even that does', async () => {
    const text = 'x'.repeat(4_000_000);
    expect(await deliver({ ...usual, payload: { text } })).toBe('queued');
    const noise = randomBytes(800_000).toString('hex');
    expect(await problemOf(deliver({ ...usual, payload: { noise: `${noise}${noise}` } }))).toMatchObject({
      code: 'content_too_large',
      status: 413,
    });
    expect(sent).toEqual([]);
  });

  test('is not answered before the queue has it: a queue that refuses makes the platform try again', async () => {
    await expect(deliver(usual, { send: () => Promise.reject(new Error('no')) })).rejects.toThrow('no');
    let isQueued = false;
    const send = () =>
      new Promise<void>((resolve) =>
        setTimeout(() => {
          isQueued = true;
          resolve();
        }, 20),
      );
    await deliver(usual, { send });
    expect(isQueued).toBe(true);
  });
});

describe('an event that one account sends to this stack’s queue', () => {
  const from = '123456789012';
  const handler = './test/extension/on-product-update.ts';
  const receiving = testExtension({
    events: {
      'company/product/update/v1': { provider: 'sqs', from, handler },
      'company/order/update/v2': { handler },
    },
    webhooks: { notificationEmail },
  });
  const receive = async (body: unknown) => {
    sent.length = 0;
    const send = (messages: readonly QueuedMessage[]) => Promise.resolve(void sent.push(...messages));
    const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    return (await acceptReceived({ extension: receiving, queue: { send }, now: () => noon }, bytes)).outcome;
  };

  test('is queued as one that came by HTTP, under the same id', async () => {
    const event = { ...usual, event: { ...usual.event, id: 'e1' } };
    expect(await receive(event)).toBe('queued');
    const [received] = sent;
    await deliver({ ...event, payload: { other: true } });
    expect([sent[0]?.group, sent[0]?.deduplicationId]).toEqual([received?.group, received?.deduplicationId]);
  });

  test('is dropped where it comes by another way, names no company, or is too old', async () => {
    const order = { category: 'company', name: 'order', type: 'update', version: '2' };
    expect(await receive({ ...usual, event: order })).toBe('unhandled');
    expect(await receive({ event: product, payload: {} })).toBe('unhandled');
    expect(await receive({ ...usual, event: { ...product, created_timestamp: daysAgo(31) } })).toBe('too_old');
    expect(await deliver(usual, { extension: receiving })).toBe('unhandled');
    expect(sent).toEqual([]);
  });

  for (const text of ['', 'null', '{"kind":"register","company":"12","generation":1}', '{"company_id":12}']) {
    test(`that is none fails: ${text}`, async () => {
      expect(await problemOf(receive(text))).toMatchObject({ code: 'invalid_request' });
      expect(sent).toEqual([]);
    });
  }
});
