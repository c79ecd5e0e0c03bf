import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { proxiedSegments } from '../../../functions/runtime/http/proxied-segments.ts';
import { platformPath, withQuery } from '../../../shared/fynd/platform-path.ts';
import { companyTenant } from '../../../shared/tenant.ts';
import { problemOf } from '../fixture/problem.ts';

/** Segments as the caller means them: any text that a path can carry. */
const segment = fc
  .oneof(
    fc.string({ minLength: 1, maxLength: 12, unit: 'binary' }),
    fc
      .array(fc.constantFrom('%', '%2F', '%25', '+', ' ', 'é', '\u0939', '.', ';', '&', '=', '#', ':', '@', 'a', '1'), {
        minLength: 1,
        maxLength: 5,
      })
      .map((parts) => parts.join('')),
  )
  // oxlint-disable-next-line no-control-regex -- they are what must not get through
  .filter((text) => !/[\\/?\ufffd\u0000-\u001f\u007f]/.test(text) && !/^\.\.?(;|$)/.test(text));
const path = fc.record({ segments: fc.array(segment, { minLength: 1, maxLength: 6 }), trailingSlash: fc.boolean() });

const decoded = (rawPath: string) => ({ rawPath, invocation: { event: { routeKey: 'ANY /api/platform/{path+}' } } });
const encoded = (rawPath: string) => ({ rawPath, invocation: { event: { routeKey: '$default' } } });

/** The target as a server reads it. */
function readByServer(target: string): string[] {
  const prefix = '/service/platform/';
  expect(target.startsWith(prefix)).toBe(true);
  // The path that a server resolves is the one that was sent: nothing in it can be taken for a dot segment.
  expect(new URL(target, 'https://api.example').pathname).toBe(target);
  return target.slice(prefix.length).split('/').map(decodeURIComponent);
}

describe('a path of the Platform API', () => {
  for (const [frontDoor, decodes] of [
    ['a gateway that decodes the path', true],
    ['a front door that leaves the path encoded', false],
  ] as const) {
    test(`arrives with every segment's value and its trailing slash through ${frontDoor}`, () => {
      fc.assert(
        fc.property(path, ({ segments, trailingSlash }) => {
          const sent = `${segments.map(encodeURIComponent).join('/')}${trailingSlash ? '/' : ''}`;
          const rawPath = `/api/platform/${decodes ? decodeURIComponent(sent) : sent}`;
          const { target } = platformPath(
            proxiedSegments(decodes ? decoded(rawPath) : encoded(rawPath), '/api/platform/'),
          );
          expect(readByServer(target)).toEqual([...segments, ...(trailingSlash ? [''] : [])]);
        }),
        { numRuns: 500 },
      );
    });
  }

  test('is read behind the name of a stage', () => {
    expect(proxiedSegments(decoded('/prod/api/platform/a/b'), '/api/platform/')).toEqual(['a', 'b']);
  });

  for (const refused of [
    '.',
    '..',
    'a/./b',
    'a/../b',
    'a/..',
    '..;/b',
    'a/..;/b',
    'a/.;x/b',
    'a/..;x=1',
    'a//b',
    '/a',
    '',
    '/',
    'a//',
    'a\\b',
    '..\\b',
    'a/b\\',
    'a?b',
    'a\0',
    'a\tb',
    'a\nb',
    'a\r\nhost: evil',
    'a\u007f',
    'a\ufffd',
    'a\ud800',
  ]) {
    test(`${JSON.stringify(refused)} is refused after a gateway decoded it`, async () => {
      const event = decoded(`/api/platform/${refused}`);
      expect(await problemOf(() => platformPath(proxiedSegments(event, '/api/platform/')))).toMatchObject({
        code: 'invalid_request',
      });
    });
  }

  for (const refused of [
    'a/%2e%2e/b',
    '%2E',
    'a/..%3B/b',
    '%2e%2e%3bx',
    'a%2Fb',
    'a%5Cb',
    'a%3Fb',
    'a%00',
    'a%0Db',
    'a/%2F/b',
    'a%zz',
    '%ff',
  ]) {
    test(`${refused} is refused where the front door leaves it encoded`, async () => {
      const event = encoded(`/api/platform/x%20y/${refused}`);
      expect(await problemOf(() => platformPath(proxiedSegments(event, '/api/platform/')))).toMatchObject({
        code: 'invalid_request',
      });
    });
  }

  for (const [segments, companyId] of [
    [['catalog', 'v2.0', 'company', '1', 'products', ''], '1'],
    [['catalog', 'v2.0', 'company', '01'], '01'],
    [['catalog', 'v2.0', 'company'], undefined],
    [['catalog', 'v2.0', 'application', '1'], undefined],
    [['company', '1'], undefined],
  ] as const) {
    test(`${segments.join('/')} names ${companyId === undefined ? 'no company' : `company ${companyId}`}`, () => {
      expect(platformPath(segments).tenant).toEqual(companyId === undefined ? undefined : companyTenant(companyId));
    });
  }
});

describe('the query', () => {
  test('passes as it was sent: order, repeats, escapes and empty values', () => {
    const printable = fc.stringMatching(/^[\x21-\x7e]{1,30}$/);
    fc.assert(fc.property(printable, (query) => withQuery('/x', query) === `/x?${query}`));
  });

  test('has what no request line may hold escaped, and is left out where it is empty', () => {
    expect(withQuery('/x', 'q=a b&é=\r\nhost: evil')).toBe('/x?q=a%20b&%C3%A9=%0D%0Ahost:%20evil');
    expect(withQuery('/x', '')).toBe('/x');
  });
});
