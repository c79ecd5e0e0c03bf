import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeBody, parseJson, parseJsonResponse } from '../../../shared/http/json.ts';
import type { AppError } from '../../../shared/problems.ts';

/** JSON beside what it should become, put together from the same pieces. */
interface Piece {
  readonly source: string;
  readonly value: unknown;
}

const space = fc.constantFrom('', '', ' ', '\n', '\t', '\r\n');
const digits = fc
  .oneof(fc.nat(), fc.bigInt({ min: 0n, max: 10n ** 17n }), fc.bigInt({ min: 0n, max: 10n ** 40n }))
  .map(String);
const sign = fc.constantFrom('', '-');
const integer = fc.tuple(sign, digits).map(([minus, each]): Piece => {
  const source = minus + each;
  return { source, value: Number.isSafeInteger(Number(source)) ? Number(source) : source };
});
const other = fc
  .tuple(
    sign,
    digits,
    fc.constantFrom('.5', '.1234567890123456789', 'e2', 'E-20', 'e-1234567890123456', 'E+000000000000000001'),
  )
  .map((parts): Piece => ({ source: parts.join(''), value: Number(parts.join('')) }));
const text = fc.oneof(
  digits,
  fc.string(),
  fc.constantFrom('"', '\\', ':12345678901234567890', '\\" 12345678901234567890, '),
);
const string = text.map((value): Piece => ({ source: JSON.stringify(value), value }));
/** None with a backslash: V8 13.6 confuses some of those. */
const name = fc.oneof(digits, fc.stringMatching(/^[ -!#-[\]-~]{0,3}$/), fc.constant(':12345678901234567890'));
const word = fc.constantFrom<Piece>({ source: 'true', value: true }, { source: 'null', value: null });
const { json } = fc.letrec<{ json: Piece; list: Piece; record: Piece }>((tie) => ({
  json: fc
    .tuple(space, fc.oneof({ depthSize: 'small' }, integer, other, string, word, tie('list'), tie('record')), space)
    .map(([before, { source, value }, after]): Piece => ({ source: before + source + after, value })),
  list: fc.array(tie('json')).map(
    (each): Piece => ({
      source: `[${each.map(({ source }) => source).join()}]`,
      value: each.map(({ value }) => value),
    }),
  ),
  record: fc.array(fc.tuple(name, tie('json'))).map(
    (pairs): Piece => ({
      source: `{${pairs.map(([key, { source }]) => `"${key}":${source}`).join()}}`,
      value: Object.fromEntries(pairs.map(([key, { value }]) => [key, value])),
    }),
  ),
}));

describe('JSON', () => {
  test('has each value that was written, and the text of each integer that a number cannot hold', () => {
    fc.assert(
      fc.property(json, ({ source, value }) => {
        expect(parseJson(source)).toStrictEqual(value);
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ['9007199254740993', '9007199254740993'],
    ['-9007199254740993', '-9007199254740993'],
    ['9007199254740991', 9007199254740991],
    ['[0,9007199254740993]', [0, '9007199254740993']],
    ['{"a":\n9007199254740992 }', { a: '9007199254740992' }],
    ['\ufeff[9007199254740993]', ['9007199254740993']],
    ['["a9007199254740993",1,12345678901234567890]', ['a9007199254740993', 1, '12345678901234567890']],
    [`["${'1'.repeat(100)}",  ${'2'.repeat(17)}]`, ['1'.repeat(100), '2'.repeat(17)]],
    ['1e21', 1e21],
    [`[${'9'.repeat(400)}]`, ['9'.repeat(400)]],
  ])('%s is %o', (source, value) => {
    expect(parseJson(source)).toStrictEqual(value);
  });

  test('finds a long integer wherever it stands', () => {
    for (let before = 0; before < 40; before++) {
      const found = parseJson(`[${' '.repeat(before)}1234567890123456789]`);
      expect(found).toEqual(['1234567890123456789']);
    }
  });

  test('may be nested as deeply and hold texts as long as JSON.parse allows', () => {
    const depth = 20_000;
    const nested = '['.repeat(depth) + '12345678901234567890' + ']'.repeat(depth);
    expect(() => parseJson(nested)).not.toThrow();
    const long = 'x\\n'.repeat(2_000_000);
    expect(parseJson(`["${long}",12345678901234567890]`)).toEqual([JSON.parse(`"${long}"`), '12345678901234567890']);
  });

  test.each([
    '',
    '12345678901234567890,',
    '{12345678901234567890:1}',
    '[012345678901234567890]',
    '[12345678901234567890x]',
  ])('is not «%s», with or without quotation marks about a number', (source) => {
    expect(() => parseJson(source)).toThrow(SyntaxError);
  });
});

describe('the JSON in a response', () => {
  const maxBytes = 1_000;
  const ofLength = (bytes: number) => Buffer.from(`"${'x'.repeat(bytes - 2)}"`);

  for (const [encoding, encode] of [
    ['identity', (body: Buffer) => body],
    ['gzip', gzipSync],
    [' BR', brotliCompressSync],
    ['Deflate', deflateSync],
  ] as const) {
    test(`in ${encoding} is read up to a limit, decoded`, () => {
      const response = (bytes: number) => ({
        headers: { 'content-encoding': encoding },
        body: encode(ofLength(bytes)),
      });
      expect(parseJsonResponse(response(1_000), { maxBytes })).toBe('x'.repeat(998));
      expect(parseJsonResponse(response(1_001), { maxBytes })).toBe(undefined);
      expect(() => decodeBody(response(1_001), { maxBytes })).toThrow(
        expect.objectContaining({ code: 'response_too_large' }) as AppError,
      );
    });
  }

  test('is not decoded where it is over the limit as it came', () => {
    const headers = { 'content-encoding': 'gzip' };
    const response = { headers, body: Buffer.concat([gzipSync(ofLength(10)), Buffer.alloc(maxBytes)]) };
    expect(() => decodeBody(response, { maxBytes })).toThrow(
      expect.objectContaining({ code: 'response_too_large' }) as AppError,
    );
    expect(parseJsonResponse(response, { maxBytes })).toBe(undefined);
  });

  test.each(['zz', 'gzip, br', 'gzip'])(
    'is none where the body is not in the encoding that it names, as %s',
    (encoding) => {
      const response = { headers: { 'content-encoding': encoding }, body: Buffer.from('{}') };
      expect(parseJsonResponse(response, { maxBytes })).toBe(undefined);
      expect(() => decodeBody(response, { maxBytes })).toThrow(
        expect.objectContaining({ code: 'platform_error' }) as AppError,
      );
    },
  );
});
