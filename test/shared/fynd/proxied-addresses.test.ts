import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { proxiedAddresses } from '../../../shared/fynd/proxied-addresses.ts';

const cluster = 'https://api.fynd.com';
const target = '/service/platform/catalog/v2.0/company/1/products/?page_no=1';
const locationOf = (location: string, origin = cluster) =>
  proxiedAddresses({ location }, { origin, target })['location'];
const linkOf = (link: string) => proxiedAddresses({ link }, { origin: cluster, target })['link'];

describe('a Location', () => {
  test.each([
    ['/service/platform/a/b/?c=d&e=%2F#f', '/api/platform/a/b/?c=d&e=%2F#f'],
    [`${cluster}/service/platform/a/`, '/api/platform/a/'],
    ['HTTPS://API.Fynd.Com:443/service/platform/a', '/api/platform/a'],
    ['//api.fynd.com/service/platform/a', '/api/platform/a'],
    ['https:\\\\api.fynd.com\\service\\platform\\a', '/api/platform/a'],
    ['7', '/api/platform/catalog/v2.0/company/1/products/7'],
    ['./7/', '/api/platform/catalog/v2.0/company/1/products/7/'],
    ['../brands', '/api/platform/catalog/v2.0/company/1/brands'],
    ['?page_no=2', '/api/platform/catalog/v2.0/company/1/products/?page_no=2'],
    ['/service/platform/a/../b', '/api/platform/b'],
    ['/service/platform//evil.example/', '/api/platform//evil.example/'],
  ])('of the Platform API comes back below /api/platform/: %s', (location, proxied) => {
    expect(locationOf(location)).toBe(proxied);
  });

  test.each([
    'https://elsewhere.example/service/platform/a',
    'https://api.fynd.com.evil/service/platform/a',
    'https://api.fynd.com@evil.example/service/platform/a',
    'https://api.fynd.com:444/service/platform/a',
    'https://xapi.fynd.com/service/platform/a',
    'http://api.fynd.com/service/platform/a',
    '//evil.example/service/platform/a',
    '/\\evil.example/service/platform/a',
    '/service/platformer/a',
    '/service/platform',
    '/service/panel/authentication/v1.0/company/1/oauth/authorize',
    '/service/platform/../panel/a',
    '../../../../../../panel',
    '/x?to=/service/platform/a',
    'mailto:a@b.example',
    'javascript:alert(1)',
    'https://[',
  ])('elsewhere passes unchanged: %s', (location) => {
    expect(locationOf(location)).toBe(location);
  });

  test('of a platform whose calls name a region is the same without it, whether the platform names it or not', () => {
    const regional = `${cluster}/region/asia-south1`;
    for (const location of [
      '7',
      '/service/platform/a/7',
      '/region/asia-south1/service/platform/a/7',
      `${regional}/service/platform/7`,
    ]) {
      expect(locationOf(location, regional)).toMatch(/^\/api\/platform\/[\w/.]*7$/);
    }
    expect(locationOf('/region/asia-south1/service/panel/a', regional)).toBe('/region/asia-south1/service/panel/a');
  });

  test('of a platform on loopback is compared with its port', () => {
    const origin = 'http://127.0.0.1:3000';
    expect(locationOf('http://127.0.0.1:3000/service/platform/a', origin)).toBe('/api/platform/a');
    for (const other of ['http://127.0.0.1:30001/service/platform/a', 'http://localhost:3000/service/platform/a']) {
      expect(locationOf(other, origin)).toBe(other);
    }
  });

  test('never becomes an address of another origin', () => {
    const piece = fc.constantFrom(
      '/',
      '\\',
      '.',
      '..',
      'service',
      'platform',
      'https:',
      cluster,
      '@',
      '?',
      '#',
      ':',
      '%2F',
      'x',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const location = pieces.join('');
        const proxied = locationOf(location);
        if (proxied === location) return;
        expect(proxied).toMatch(/^\/api\/platform\//);
        expect(new URL(proxied ?? '', 'https://extension.example').origin).toBe('https://extension.example');
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a Link', () => {
  test.each([
    ['</service/platform/a?p=2>; rel="next"', '</api/platform/a?p=2>; rel="next"'],
    [
      `<${cluster}/service/platform/a?x=1,2;3>;rel=next, <https://elsewhere.example/service/platform/a>; rel="prev", <?page_no=9>; rel=last`,
      '</api/platform/a?x=1,2;3>;rel=next, <https://elsewhere.example/service/platform/a>; rel="prev", </api/platform/catalog/v2.0/company/1/products/?page_no=9>; rel=last',
    ],
    [
      '</service/platform/a>; title="see </service/platform/b>, \\"</service/platform/c>"; rel=up, </service/platform/d>',
      '</api/platform/a>; title="see </service/platform/b>, \\"</service/platform/c>"; rel=up, </api/platform/d>',
    ],
    [
      '</service/platform/a>; rel=x; Anchor = "/service/platform/b"; title="/service/platform/c"',
      '</api/platform/a>; rel=x; Anchor = "/api/platform/b"; title="/service/platform/c"',
    ],
    [
      '<https://api.fynd.com.evil/service/platform/a>; rel=next',
      '<https://api.fynd.com.evil/service/platform/a>; rel=next',
    ],
    ['/service/platform/a; rel=next', '/service/platform/a; rel=next'],
    ['</service/platform/a', '</service/platform/a'],
    ['<>; rel=self', '</api/platform/catalog/v2.0/company/1/products/?page_no=1>; rel=self'],
  ])('has each of its addresses taken by itself, and its texts left alone: %s', (link, proxied) => {
    expect(linkOf(link)).toBe(proxied);
  });
});

test('no other header changes', () => {
  const headers = { etag: '"/service/platform/a"', 'x-request-id': '/service/platform/a' };
  expect(proxiedAddresses(headers, { origin: cluster, target })).toEqual(headers);
});
