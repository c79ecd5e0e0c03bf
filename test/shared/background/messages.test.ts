import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bodyDigest,
  parseMessage,
  toQueue,
  type WorkMessage,
  webhookBody,
  webhookMessage,
} from '../../../shared/background/messages.ts';
import { companyTenant } from '../../../shared/tenant.ts';
import { refusalOf } from '../fixture/refusal.ts';

const roundTrip = (body: Buffer) => {
  const queued = webhookMessage(companyTenant('12'), body, 1);
  const message = parseMessage(queued?.body ?? '');
  if (message?.kind !== 'webhook') throw new Error('It is no webhook.');
  return { queued, message, body: webhookBody(message) };
};

const messages: [WorkMessage, string][] = [
  [{ kind: 'webhook', tenant: companyTenant('12'), body: 'x', receivedAtMs: 1 }, 'company#12'],
  [{ kind: 'lifecycle', tenant: companyTenant('12'), hook: 'installed', generation: 1, scopes: ['a/b'] }, 'company#12'],
  [
    {
      kind: 'lifecycle',
      tenant: companyTenant('12'),
      hook: 'uninstalled',
      generation: 2,
      scopes: [],
      confirmedBy: 'platform',
    },
    'company#12',
  ],
  [{ kind: 'scheduled', tenant: companyTenant('12'), name: 'nightly', run: 'r1' }, 'company#12'],
  [{ kind: 'register', tenant: companyTenant('12'), generation: 1 }, 'register#12'],
  [{ kind: 'uninstall', tenant: companyTenant('12'), receivedAtMs: 1 }, 'uninstall#12'],
  [{ kind: 'uninstall', tenant: companyTenant('12'), receivedAtMs: 1, signedAtMs: 2 }, 'uninstall#12'],
  [
    { kind: 'schedule', name: 'nightly', run: 'r1', partition: 3, after: companyTenant('12'), page: 9, mark: '3 7' },
    'schedule#nightly',
  ],
];

describe('a message', () => {
  for (const [message, group] of messages) {
    test(`is read as it was written, and its group is ${group}: ${JSON.stringify(message)}`, () => {
      const queued = toQueue(message, 'id');
      expect(parseMessage(queued.body)).toEqual(message);
      expect(queued.group).toBe(group);
    });
  }

  test('is in the queue as it always was, with the company’s id in company', () => {
    const tenant = companyTenant('12');
    const bodyOf = (message: WorkMessage) => JSON.parse(toQueue(message, 'id').body) as unknown;
    expect(bodyOf({ kind: 'register', tenant, generation: 1 })).toEqual({
      kind: 'register',
      company: '12',
      generation: 1,
    });
    const schedule = { kind: 'schedule', name: 'nightly', run: 'r1', partition: 3, page: 9 } as const;
    expect(bodyOf({ ...schedule, after: tenant })).toEqual({ ...schedule, after: '12' });
    expect(parseMessage('{"kind":"uninstall","company":"12","receivedAtMs":1}')).toEqual({
      kind: 'uninstall',
      tenant,
      receivedAtMs: 1,
    });
  });

  test('about an organization is never one about the company with its id', async () => {
    const tenant = { kind: 'organization', id: '12' } as const;
    for (const message of [
      { kind: 'register', tenant, generation: 1 },
      { kind: 'schedule', name: 'nightly', run: 'r1', partition: 0, page: 1, after: tenant },
    ] satisfies WorkMessage[]) {
      expect(await refusalOf(() => toQueue(message, 'id'))).toMatchObject({ code: 'internal' });
    }
  });

  test('of a schedule begins with the first page of the first partition', () => {
    expect(parseMessage('{"kind":"schedule","name":"nightly","run":"r1"}')).toEqual({
      kind: 'schedule',
      name: 'nightly',
      run: 'r1',
      partition: 0,
      page: 1,
    });
  });

  test('has an id that SQS takes, one for the same kind and text and another for any other', () => {
    const ids = messages.map(([message]) => toQueue(message, 'same').deduplicationId);
    expect(new Set(ids).size).toBe(new Set(messages.map(([{ kind }]) => kind)).size);
    const [message] = messages[0] ?? [];
    if (message === undefined) throw new Error('There are none.');
    for (const text of ['', 'é'.repeat(500), 'a b']) {
      expect(toQueue(message, text).deduplicationId).toMatch(/^[\w-]{1,128}$/);
      expect(toQueue(message, text).deduplicationId).toBe(toQueue(message, text).deduplicationId);
    }
    expect(toQueue(message, 'a').deduplicationId).not.toBe(toQueue(message, 'b').deduplicationId);
  });

  for (const text of [
    '',
    'null',
    '[]',
    '{}',
    '{"kind":"other"}',
    '{"kind":"webhook","company":"12"}',
    '{"kind":"webhook","company":12,"body":"x","receivedAtMs":1}',
    '{"kind":"register","company":"01","generation":1}',
    '{"kind":"register","company":"1#company#2","generation":1}',
    '{"kind":"lifecycle","company":"1","hook":"launched","generation":1,"scopes":[]}',
    '{"kind":"schedule","name":"nightly","run":"r1","after":"x"}',
  ]) {
    test(`that is none of ours is none: ${text}`, () => expect(parseMessage(text)).toBeUndefined());
  }
});

describe('a webhook’s message', () => {
  test('brings every byte back, also those that the queue would change', () => {
    for (const text of [
      '',
      'x',
      '\ufffe\uffff',
      '\u0000\u0008\u000b',
      '{"a":"\ud83d\ude00é"}',
      '\r\n\t ',
      '"\\u0000"',
    ]) {
      const body = Buffer.from(text);
      expect(roundTrip(body).body.equals(body)).toBe(true);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const { queued, body } = roundTrip(Buffer.from(bytes));
        expect(body.equals(Buffer.from(bytes))).toBe(true);
        // Of all characters, the queue takes these as they are.
        expect(queued?.body).toMatch(/^[\x20-\x7e]*$/);
      }),
    );
  });

  test('has the digest of the signed body for its id, whenever it came', () => {
    const body = Buffer.from('{"a":1}');
    const id = webhookMessage(companyTenant('12'), body, 1)?.deduplicationId;
    expect(webhookMessage(companyTenant('12'), body, 2)?.deduplicationId).toBe(id);
    expect(webhookMessage(companyTenant('12'), Buffer.from('{"a": 1}'), 1)?.deduplicationId).not.toBe(id);
    expect(bodyDigest(body)).toMatch(/^[0-9a-f]{64}$/);
  });

  test('fits into the queue, or is none', () => {
    expect(
      Buffer.byteLength(webhookMessage(companyTenant('12'), Buffer.alloc(6_000_000, 'x'), 1)?.body ?? ''),
    ).toBeLessThan(10_000);
    const largest = webhookMessage(companyTenant('12'), randomBytes(740_000), 1);
    expect(Buffer.byteLength(largest?.body ?? '')).toBeLessThanOrEqual(1_000_000);
    expect(largest).toBeDefined();
    expect(webhookMessage(companyTenant('12'), randomBytes(760_000), 1)).toBeUndefined();
  });
});
