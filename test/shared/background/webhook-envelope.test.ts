import { describe, expect, test } from 'vitest';
import { parseEnvelope } from '../../../shared/background/webhook-envelope.ts';
import { companyTenant } from '../../../shared/tenant.ts';
import { problemOf } from '../fixture/problem.ts';

const event = { category: 'company', name: 'product', type: 'update', version: '1' };
const whole = {
  company_id: 1,
  application_id: '0123456789abcdef01234567',
  contains: ['product'],
  event: { ...event, id: 'e1', created_timestamp: 1_783_684_800_000, trace_id: ['t1', 't2'] },
  payload: { product: { uid: 7 } },
};
const parse = (body: unknown) => parseEnvelope(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
const refused = async (body: unknown) =>
  await problemOf(() => parseEnvelope(Buffer.isBuffer(body) ? body : Buffer.from(String(body))));

describe('a webhook’s body', () => {
  test('is read in its usual form', () => {
    expect(parse(whole)).toEqual({
      tenant: companyTenant('1'),
      applicationIds: ['0123456789abcdef01234567'],
      contains: ['product'],
      event: {
        ...event,
        id: 'e1',
        createdAtMs: 1_783_684_800_000,
        traceIds: ['t1', 't2'],
      },
      payload: { product: { uid: 7 } },
    });
  });

  test('may name little more than its company and its event', () => {
    expect(parse({ company_id: '1', event: { name: 'product' } })).toEqual({
      tenant: companyTenant('1'),
      applicationIds: [],
      contains: [],
      event: {
        category: '',
        name: 'product',
        type: '',
        version: '',
        id: undefined,
        createdAtMs: undefined,
        traceIds: [],
      },
      payload: undefined,
    });
  });

  test('may hold null where there is nothing, and members that nobody knows', () => {
    const nulls = { application_id: null, contains: null, payload: null, x: {} };
    const sparse = { ...event, id: null, created_timestamp: null, trace_id: null, y: 1 };
    expect(parse({ company_id: 1, ...nulls, event: sparse })).toMatchObject({
      tenant: companyTenant('1'),
      applicationIds: [],
      contains: [],
      event: { ...event, id: undefined, createdAtMs: undefined, traceIds: [] },
      payload: null,
    });
  });

  test('may name several sales channels', () => {
    const ids = ['0123456789abcdef01234567', '0123456789ABCDEF01234568'];
    expect(parse({ ...whole, application_id: ids }).applicationIds).toEqual(ids);
    expect(parse({ ...whole, application_id: [] }).applicationIds).toEqual([]);
  });

  test('may have numbers where text is usual, and text where numbers are', () => {
    const odd = { ...event, version: 1, id: 12, trace_id: [3, 'x'] };
    expect(parse({ company_id: '999999999999999999', event: odd })).toMatchObject({
      tenant: companyTenant('999999999999999999'),
      event: { version: '1', id: '12', traceIds: ['3', 'x'] },
    });
  });

  test('keeps every digit of its ids', () => {
    const text = JSON.stringify(whole)
      .replace('"company_id":1', '"company_id":9007199254740993')
      .replace('"uid":7', '"uid":9007199254740992');
    expect(parse(text)).toMatchObject({
      tenant: companyTenant('9007199254740993'),
      payload: { product: { uid: '9007199254740992' } },
    });
  });

  test('has no company where it names none', () => {
    expect(parse({ event: { name: 'ping' } })).toMatchObject({ tenant: undefined, event: { name: 'ping' } });
    for (const company_id of [null, undefined, 0, '01', 1.5, 'CANARY', ['1']]) {
      expect(parse({ ...whole, company_id }).tenant).toBeUndefined();
    }
  });

  for (const strange of ['', 'CANARY', 7, true, {}, [{}], ['CANARY', null]]) {
    test(`that names ${JSON.stringify(strange)} for sales channels names none`, () => {
      expect(parse({ ...whole, application_id: strange }).applicationIds).toEqual([]);
    });
  }

  test('with strange values among good ones keeps the good ones', () => {
    const ids = ['0123456789abcdef01234567', 'CANARY', null];
    const odd = {
      ...whole,
      application_id: ids,
      contains: ['a', 1, null],
      event: { ...event, trace_id: ['t', {}, 3] },
    };
    expect(parse(odd)).toMatchObject({
      applicationIds: ['0123456789abcdef01234567'],
      contains: ['a'],
      event: { traceIds: ['t', '3'] },
    });
    expect(parse({ ...whole, contains: 'a', event: { ...event, trace_id: 't' } })).toMatchObject({
      contains: ['a'],
      event: { traceIds: ['t'] },
    });
  });

  test('with anything strange where nothing is needed is read as if that were not there', () => {
    for (const strange of [null, true, {}, [], [[]]]) {
      const odd = {
        company_id: 1,
        application_id: strange,
        contains: strange,
        event: { ...event, id: strange, created_timestamp: strange, trace_id: strange },
      };
      expect(parse(odd)).toEqual(parse({ company_id: 1, event }));
      const nameless = { category: strange, name: 'product', type: strange, version: strange };
      expect(parse({ company_id: 1, event: nameless })).toEqual(parse({ company_id: 1, event: { name: 'product' } }));
    }
    expect(parse({ company_id: 1, event: { ...event, id: '' } }).event.id).toBeUndefined();
    for (const company_id of ['', 'CANARY', 0, {}]) {
      expect(parse({ company_id, event: { name: 'ping' } }).tenant).toBeUndefined();
      expect(parse({ company_id, event: { ...event, category: 'global' } }).tenant).toBeUndefined();
    }
  });

  for (const [time, createdAtMs] of [
    [1_783_684_800_000, 1_783_684_800_000],
    ['1783684800000', 1_783_684_800_000],
    ['2026-07-10T12:00:00Z', 1_783_684_800_000],
    ['2026-07-10T14:00:00.5+02:00', 1_783_684_800_500],
    ['', undefined],
    [' ', undefined],
    ['CANARY', undefined],
    [-1, undefined],
    ['-1', undefined],
    [8_640_000_000_000_001, undefined],
    ['1e999', undefined],
  ] as const) {
    test(`that was made at ${JSON.stringify(time)} was made at ${createdAtMs ?? 'an unknown time'}`, () => {
      expect(parse({ ...whole, event: { ...event, created_timestamp: time } }).event.createdAtMs).toBe(createdAtMs);
    });
  }

  for (const [field, body] of [
    ['event', { company_id: 1 }],
    ['event', { company_id: 1, event: 'CANARY' }],
    ['event', { company_id: 1, event: null }],
    ['event.name', { company_id: 1, event: {} }],
    ['event.name', { company_id: 1, event: { name: 7 } }],
    ['content', 'null'],
    ['event', '[]'],
    ['content', '"CANARY"'],
  ] as const) {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    test(`without a valid ${field} is refused, and its values are not repeated: ${text.slice(0, 70)}`, async () => {
      const refusal = await refused(text);
      expect(refusal).toMatchObject({ code: 'invalid_request', status: 400 });
      expect(refusal.message).toContain(field);
      expect(JSON.stringify(refusal.toProblem('r'))).not.toContain('CANARY');
    });
  }

  test('that is no JSON, no UTF-8 or nothing at all is refused', async () => {
    for (const body of ['', '{', 'CANARY', '{"a":1}x', Buffer.from([0x7b, 0xff, 0x7d])]) {
      expect(await refused(body)).toMatchObject({ code: 'invalid_request' });
    }
    expect((await refused(Buffer.from([0x22, 0xc3, 0x28, 0x22]))).message).toContain('UTF-8');
  });

  test('may be nested as deep as events are, and is refused before it costs the stack', async () => {
    const nested = (depth: number, open: string, close: string) =>
      JSON.stringify({ ...whole, payload: 0 }).replace(
        '"payload":0',
        `"payload":${open.repeat(depth)}1${close.repeat(depth)}`,
      );
    expect(parse(nested(99, '[', ']')).event.name).toBe('product');
    expect((await refused(nested(100, '[', ']'))).message).toContain('deep');
    expect((await refused(nested(100, '{"a":', '}'))).message).toContain('deep');
    expect((await refused('['.repeat(1_000_000))).message).toContain('deep');
  });

  test('is not deep for brackets inside of text, escaped quotes or not', () => {
    const payload = { text: `${'['.repeat(500)}\\"${'{'.repeat(500)}"`, more: '\\' };
    expect(parse({ ...whole, payload }).payload).toEqual(payload);
  });

  test('that names prototypes changes none', () => {
    const text = JSON.stringify(whole).replace('{"product"', '{"__proto__":{"polluted":true},"product"');
    parse(text);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
