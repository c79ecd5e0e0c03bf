import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  causeOf,
  eventDigest,
  lifecycleMessage,
  parseMessage,
  registerMessage,
  scheduledMessage,
  scheduleMessage,
  storefrontPathMessage,
  subscriberMessage,
  uninstallMessage,
  type WorkMessage,
  webhookBody,
  webhookMessage,
  withCause,
} from '../../../shared/background/messages.ts';
import { companyTenant } from '../../../shared/tenant.ts';
import { problemOf } from '../fixture/problem.ts';

const webhookOf = (body: Buffer, more: { eventId?: string; receivedAtMs?: number } = {}) =>
  webhookMessage({ tenant: companyTenant('12'), eventId: undefined, body, receivedAtMs: 1, ...more });

const roundTrip = (body: Buffer) => {
  const queued = webhookOf(body);
  const message = parseMessage(queued?.body ?? '');
  if (message?.kind !== 'webhook') throw new Error('It is no webhook.');
  return { queued, message, body: webhookBody(message) };
};

/** As its constructor makes it, whatever kind it is of; a webhook's is made of a body. */
function toQueue(message: Exclude<WorkMessage, { kind: 'webhook' }>) {
  if (message.kind === 'lifecycle') return lifecycleMessage(message);
  if (message.kind === 'register') return registerMessage(message, 'r1');
  if (message.kind === 'subscriber') return subscriberMessage(message, 'r1');
  if (message.kind === 'storefrontPath') return storefrontPathMessage(message);
  if (message.kind === 'uninstall') return uninstallMessage(message);
  if (message.kind === 'scheduled') return scheduledMessage(message);
  return scheduleMessage(message);
}

const tenant = companyTenant('12');
const messages: [Exclude<WorkMessage, { kind: 'webhook' }>, string][] = [
  [{ kind: 'lifecycle', tenant, hook: 'installed', generation: 1, scopes: ['a/b'] }, 'company#12'],
  [
    { kind: 'lifecycle', tenant, hook: 'uninstalled', generation: 2, scopes: [], confirmedBy: 'platform' },
    'company#12',
  ],
  [{ kind: 'scheduled', tenant, name: 'nightly', run: 'r1' }, 'company#12'],
  [{ kind: 'register', tenant, generation: 1 }, 'register#12'],
  [{ kind: 'subscriber', tenant, task: 'activate', request: 'r1' }, 'register#12'],
  [{ kind: 'storefrontPath', tenant, task: 'register', application: 'a1', path: 'wishlist' }, 'register#12'],
  [{ kind: 'uninstall', tenant, receivedAtMs: 1 }, 'uninstall#12'],
  [{ kind: 'uninstall', tenant, receivedAtMs: 1, isSigned: true, signedAtMs: 2 }, 'signed-uninstall#12'],
  [
    { kind: 'uninstall', tenant, receivedAtMs: 1, isSigned: true, onceMore: { generation: 1, fromMs: 3 } },
    'uninstall-once-more#12',
  ],
  [
    { kind: 'schedule', name: 'nightly', run: 'r1', partition: 3, after: tenant, page: 9, mark: '3 7' },
    'schedule#nightly',
  ],
];

describe('a message', () => {
  for (const [message, group] of messages) {
    test(`is read as it was written, and its group is ${group}: ${JSON.stringify(message)}`, () => {
      const queued = toQueue(message);
      expect(parseMessage(queued.body)).toEqual(message);
      expect(queued.group).toBe(group);
    });
  }

  test('of a webhook is read as it was written, and its group is the company’s', () => {
    const { queued, message } = roundTrip(Buffer.from('x'));
    expect(message).toEqual({ kind: 'webhook', tenant, body: expect.any(String), receivedAtMs: 1 });
    expect(queued?.group).toBe('company#12');
  });

  test('is in the queue as it always was, with the company’s id in company', () => {
    const bodyOf = (message: Parameters<typeof toQueue>[0]) => JSON.parse(toQueue(message).body) as unknown;
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
    const organization = { kind: 'organization', id: '12' } as const;
    for (const message of [
      { kind: 'register', tenant: organization, generation: 1 },
      { kind: 'schedule', name: 'nightly', run: 'r1', partition: 0, page: 1, after: organization },
    ] satisfies WorkMessage[]) {
      expect(await problemOf(() => toQueue(message))).toMatchObject({ code: 'internal' });
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

  test('has an id that SQS takes, the same for what is the same and another for anything else', () => {
    const ids = messages.map(([message]) => toQueue(message).deduplicationId);
    for (const [index, [message]] of messages.entries()) {
      // Of two uninstalls that look the same, one may be forged; an operator who asks twice means it.
      const { deduplicationId } = toQueue(message);
      expect(deduplicationId === ids[index]).toBe(message.kind !== 'uninstall' && message.kind !== 'storefrontPath');
    }
    for (const id of ids) expect(id).toMatch(/^[\w-]{1,128}$/);
    const other = companyTenant('13');
    const others = [
      toQueue({ kind: 'lifecycle', tenant: other, hook: 'installed', generation: 1, scopes: ['a/b'] }),
      toQueue({ kind: 'lifecycle', tenant, hook: 'scopesChanged', generation: 1, scopes: ['a/b'] }),
      toQueue({ kind: 'lifecycle', tenant, hook: 'installed', generation: 2, scopes: ['a/b'] }),
      toQueue({ kind: 'lifecycle', tenant, hook: 'installed', generation: 1, scopes: ['a/b', 'é'.repeat(500)] }),
      toQueue({ kind: 'scheduled', tenant: other, name: 'nightly', run: 'r1' }),
      toQueue({ kind: 'scheduled', tenant, name: 'hourly', run: 'r1' }),
      toQueue({ kind: 'scheduled', tenant, name: 'nightly', run: 'r2' }),
      toQueue({ kind: 'register', tenant: other, generation: 1 }),
      registerMessage({ tenant, generation: 1 }, 'r2'),
      subscriberMessage({ tenant, task: 'activate' }, 'r2'),
      subscriberMessage({ tenant: other, task: 'activate' }, 'r1'),
      toQueue({ kind: 'uninstall', tenant: other, receivedAtMs: 1 }),
      toQueue({ kind: 'schedule', name: 'nightly', run: 'r1', partition: 3, after: tenant, page: 10, mark: '3 7' }),
      toQueue({ kind: 'schedule', name: 'nightly', run: 'r1', partition: 3, after: other, page: 9, mark: '3 7' }),
    ].map(({ deduplicationId }) => deduplicationId);
    for (const id of others) expect(id).toMatch(/^[\w-]{1,128}$/);
    expect(new Set([...ids, ...others]).size).toBe(ids.length + others.length);
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
    '{"kind":"subscriber","company":"1","task":"delete"}',
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

  test('is the same for the same signed event, whenever it came', () => {
    const body = Buffer.from('{"a":1}');
    const id = webhookOf(body)?.deduplicationId;
    expect(webhookOf(body, { receivedAtMs: 2 })?.deduplicationId).toBe(id);
    expect(webhookOf(Buffer.from('{"a": 1}'))?.deduplicationId).not.toBe(id);
    const named = webhookOf(body, { eventId: 'e1' })?.deduplicationId;
    expect(webhookOf(Buffer.from('{}'), { eventId: 'e1' })?.deduplicationId).toBe(named);
    expect(new Set([id, named, webhookOf(body, { eventId: 'e2' })?.deduplicationId]).size).toBe(3);
    for (const digest of [eventDigest(undefined, body), eventDigest('e'.repeat(5_000), body)]) {
      expect(digest).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  test('fits into the queue, or is none', () => {
    expect(Buffer.byteLength(webhookOf(Buffer.alloc(6_000_000, 'x'))?.body ?? '')).toBeLessThan(10_000);
    const largest = webhookOf(randomBytes(740_000));
    expect(Buffer.byteLength(largest?.body ?? '')).toBeLessThanOrEqual(1_000_000);
    expect(largest).toBeDefined();
    expect(webhookOf(randomBytes(760_000))).toBeUndefined();
  });
});

describe('because of what a message was sent', () => {
  const plain = webhookOf(Buffer.from(JSON.stringify({ text: '","causedBy":"x"}' })));
  if (plain === undefined) throw new Error('It does not fit.');

  test('stands in its text, which is else the same message', () => {
    const caused = withCause(plain, 'JKJaXmPLvHcESHA=');
    expect(causeOf(caused.body)).toBe('JKJaXmPLvHcESHA=');
    expect(JSON.parse(caused.body)).toEqual({ ...(JSON.parse(plain.body) as object), causedBy: 'JKJaXmPLvHcESHA=' });
    expect({ ...caused, body: plain.body }).toEqual(plain);
    expect(parseMessage(caused.body)).toEqual(parseMessage(plain.body));
  });

  test('is not known of one that does not say so, or says so elsewhere', () => {
    expect(causeOf(plain.body)).toBeUndefined();
    for (const text of ['', '{}', '{"causedBy":"a","kind":"webhook"}', '{"kind":"x","causedBy":"CANARY id"}']) {
      expect(causeOf(text)).toBeUndefined();
    }
  });

  test('is left out where it is no id: nothing else comes into the text', () => {
    for (const id of ['', 'a b', 'a"b', 'é', 'x'.repeat(129)]) expect(withCause(plain, id)).toBe(plain);
  });
});
