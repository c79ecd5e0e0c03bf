import { createHash, createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { integer, parseItem, update } from '../../../shared/store/dynamodb.ts';
import { OneShotSha256 } from '../../../shared/store/one-shot-sha256.ts';

describe('an update', () => {
  test('says what is set, removed and expected, with every name and value that it uses', () => {
    const change = update({
      set: { status: 'installed', version: 2, token: undefined },
      remove: ['leasedVersion', 'attempt'],
      expect: { version: 1, pk: undefined, sessionsValidFromMs: { absentOrBelow: 5 } },
    });
    expect(change).toEqual({
      UpdateExpression: 'SET #status = :set_status, #version = :set_version REMOVE #leasedVersion, #attempt',
      ConditionExpression:
        '#version = :was_version AND attribute_not_exists(#pk) AND (attribute_not_exists(#sessionsValidFromMs) OR #sessionsValidFromMs < :limit_sessionsValidFromMs)',
      ExpressionAttributeNames: {
        '#status': 'status',
        '#version': 'version',
        '#leasedVersion': 'leasedVersion',
        '#attempt': 'attempt',
        '#pk': 'pk',
        '#sessionsValidFromMs': 'sessionsValidFromMs',
      },
      ExpressionAttributeValues: {
        ':set_status': 'installed',
        ':set_version': 2,
        ':was_version': 1,
        ':limit_sessionsValidFromMs': 5,
      },
    });
  });

  test('has no condition where nothing is expected', () => {
    expect(update({ set: { a: 1 } })).toEqual({
      UpdateExpression: 'SET #a = :set_a',
      ExpressionAttributeNames: { '#a': 'a' },
      ExpressionAttributeValues: { ':set_a': 1 },
    });
  });

  test('names exactly what its expressions use, whatever is changed', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'status', 'a_b', 'was_a');
    const value = fc.oneof(fc.string(), fc.integer(), fc.constant(undefined));
    const limit = fc.record({ absentOrBelow: fc.integer() });
    const change = fc.record({
      set: fc.dictionary(name, value).map((set) => ({ ...set, always: 1 })),
      remove: fc.uniqueArray(name),
      expect: fc.dictionary(name, fc.oneof(value, limit)),
    });
    fc.assert(
      fc.property(change, (each) => {
        const made = update(each);
        const expressions = `${made.UpdateExpression} ${made.ConditionExpression ?? ''}`;
        const used = (mark: string) => new Set(expressions.match(new RegExp(`${mark}\\w+`, 'g')));
        expect(new Set(Object.keys(made.ExpressionAttributeNames))).toEqual(used('#'));
        expect(new Set(Object.keys(made.ExpressionAttributeValues))).toEqual(used(':'));
        for (const [placeholder, of] of Object.entries(made.ExpressionAttributeNames))
          expect(placeholder).toBe(`#${of}`);
        const values = [...Object.values(each.set), ...Object.values(each.expect)].filter((it) => it !== undefined);
        const plain = values.map((it) => (typeof it === 'object' ? it.absentOrBelow : it));
        expect(Object.values(made.ExpressionAttributeValues)).toEqual(plain);
      }),
    );
  });
});

describe('an item', () => {
  const schema = v.object({ version: integer, scopes: v.optional(v.array(v.string())) });

  test('is what its schema says, and nothing beside', () => {
    expect(parseItem(schema, { version: 1, token: 'CANARY-token' })).toEqual({ version: 1 });
  });

  test.for([
    ['version', {}],
    ['version', { version: '1' }],
    ['version', { version: 1.5 }],
    ['version', { version: 9_007_199_254_740_993n }],
    ['scopes', { version: 1, scopes: ['CANARY-scope', 1] }],
    ['scopes', { version: 1, scopes: new Set(['CANARY-scope']) }],
    ['attribute', undefined],
  ] as const)('that has no valid %s says so, without a value', ([attribute, item]) => {
    const corrupt = { name: 'CorruptItemError', message: `A stored item has no valid ${attribute}.` };
    expect(() => parseItem(schema, item)).toThrow(expect.objectContaining(corrupt));
  });
});

test('a digest in one go is that of all chunks one after the other, with a secret and without', async () => {
  const bytes = fc.uint8Array({ maxLength: 200 });
  const chunk = fc.oneof(
    fc.string(),
    bytes,
    bytes.map((each) => each.buffer),
    bytes.map((each) => new DataView(each.buffer)),
  );
  const bytesOf = (source: string | Uint8Array | ArrayBuffer | DataView) =>
    typeof source === 'string' ? Buffer.from(source) : Buffer.from(ArrayBuffer.isView(source) ? source.buffer : source);
  await fc.assert(
    fc.asyncProperty(fc.option(chunk, { nil: undefined }), fc.array(chunk), async (secret, chunks) => {
      const made = new OneShotSha256(secret);
      const theirs = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret));
      made.update('before');
      made.reset();
      for (const each of chunks) {
        made.update(each);
        theirs.update(bytesOf(each));
      }
      expect(Buffer.from(await made.digest())).toEqual(theirs.digest());
    }),
  );
});
