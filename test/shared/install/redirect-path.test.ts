import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRedirectPath } from '../../../shared/install/redirect-path.ts';
import { AppError } from '../../../shared/problems.ts';
import { baseUrl } from '../fixture/extension.ts';

function kept(text: string): string | undefined {
  try {
    return parseRedirectPath(text, baseUrl);
  } catch (error) {
    if (error instanceof AppError && error.code === 'invalid_request' && error.message.startsWith('redirect_path ')) {
      return undefined;
    }
    throw error;
  }
}

/** What the WHATWG URL algorithm makes of a reference on the extension's origin, as a browser would. */
function isHarmless(reference: string): boolean {
  const { origin, pathname } = new URL(reference, baseUrl);
  return origin === baseUrl && !pathname.startsWith('//') && !/^\/(fp|adm|api)(\/|$)/.test(pathname);
}

const hostilePieces = [
  '/',
  '//',
  '\\',
  '.',
  '..',
  '%2F',
  '%2f',
  '%5C',
  '%2e',
  '%2E%2e',
  '%252F',
  '%',
  '%zz',
  '%ff',
  '%3F',
  '%23',
  '\t',
  '\n',
  '\r',
  '\0',
  ' ',
  '%09',
  '%0a',
  '%00',
  '@',
  ':',
  '?',
  '#',
  ';',
  '\u3002',
  '\uff0f',
  '\u{1f600}',
  'fp',
  'adm',
  'api',
  'FP',
  'f',
  'p',
  'fpx',
  'company',
  '1',
  'evil.example',
  'https:',
  'javascript:',
];
const hostile = fc.array(fc.constantFrom(...hostilePieces), { maxLength: 9 }).map((pieces) => pieces.join(''));
const anything = fc.oneof(
  { weight: 6, arbitrary: hostile.map((text) => `/${text}`) },
  hostile,
  fc.webUrl(),
  fc.string({ unit: 'binary' }).map((text) => `/${text}`),
);

describe('redirect_path', () => {
  test('never leads a browser off the extension or into its machinery, whatever it is', () => {
    let keptOnes = 0;
    fc.assert(
      fc.property(anything, (text) => {
        const result = kept(text);
        if (result === undefined) return;
        keptOnes += 1;
        // What is kept is what the browser would have made of it, now and as part of `Location`.
        const { origin, pathname, search, hash } = new URL(text, baseUrl);
        expect(`${baseUrl}${result}`).toBe(`${origin}${pathname}${search}${hash}`);
        expect(result.startsWith('/')).toBe(true);
        expect(isHarmless(result)).toBe(true);
        // A front door decodes the path, and something behind it may resolve the decoded one again.
        expect(isHarmless(decodeURIComponent(new URL(result, baseUrl).pathname))).toBe(true);
      }),
      { numRuns: 5_000 },
    );
    expect(keptOnes).toBeGreaterThan(100);
  });

  test('is kept exactly where it is an ordinary path', () => {
    const segment = fc
      .stringMatching(/^[A-Za-z0-9_~!$'()*+,;=:@-]{1,12}$/)
      .filter((text) => !/^(fp|adm|api)$/i.test(text));
    const query = fc.stringMatching(/^[A-Za-z0-9_.~/?&=+:@-]{0,20}$/);
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 6 }), query, fc.boolean(), (segments, text, slash) => {
        const path = `/${segments.join('/')}${slash ? '/' : ''}${text === '' ? '' : `?${text}`}`;
        expect(kept(path)).toBe(path);
      }),
    );
  });

  for (const path of [
    '/',
    '/company/1',
    '/company/1/application/000000000000000000000001?tab=a%2Fb&tab=c#top',
    '/fpx',
    '/apiary',
    '/search?next=//evil.example&x=https://evil.example',
    '/caf%C3%A9',
    `/${'x'.repeat(511)}`,
  ]) {
    test(`${path.slice(0, 60)} is kept exactly`, () => expect(kept(path)).toBe(path));
  }

  test('has at most 512 characters as it was sent, however long its escapes make it', () => {
    expect(kept('/ü'.repeat(256))).toBe('/%C3%BC'.repeat(256));
    expect(kept('/ü'.repeat(256).concat('x'))).toBeUndefined();
    expect(kept(`/${'%C3%BC'.repeat(85)}x`)).toHaveLength(512);
    expect(kept(`/${'%C3%BC'.repeat(85)}xy`)).toBeUndefined();
  });

  for (const path of [
    '',
    'company/1',
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/company\\1',
    '/%2F/evil.example',
    '/%2Fevil.example',
    '/%5Cevil.example',
    '/x/%5C..%5Cevil',
    '/\t/evil.example',
    '/%09/evil.example',
    '/\n/evil.example',
    '/company\r\nset-cookie: x',
    '/\0',
    'https:evil.example',
    'https://evil.example',
    'javascript:alert(1)',
    '/a/..//evil.example',
    '/./%2e/..//evil.example',
    '/a/%2E%2E//evil.example',
    '/fp',
    '/fp/install',
    '/adm/install',
    '/api/session',
    '/x/../api/session',
    '/x/%2e%2e/fp/install',
    '/x/..%2Ffp/install',
    '/%66p/install',
    '/fp%2Finstall',
    '/api?x',
    '/fp%3Fcompany_id=1',
    '/%61pi%23',
    '/\ud800',
    `/${'x'.repeat(512)}`,
  ]) {
    test(`${JSON.stringify(path).slice(0, 60)} is refused`, () => expect(kept(path)).toBeUndefined());
  }
});
