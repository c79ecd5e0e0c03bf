import { describe, expect, test } from 'vitest';
import { requireSameOrigin } from '../../functions/runtime/http/same-origin.ts';
import { AppError } from '../../shared/problems.ts';

const ours = 'https://extension.example';
const origins = [
  undefined,
  ours,
  'https://evil.example',
  'null',
  '',
  'http://extension.example',
  'https://extension.example:8443',
  'https://sub.extension.example',
  'https://extension.example.evil.example',
];
const sites = [undefined, 'same-origin', 'same-site', 'cross-site', 'none'];
const companies = [undefined, '1'];

/** What proves that an unsafe call came from a page of the extension: `Origin | Sec-Fetch-Site | X-Company-Id`. */
const proofs = new Set([
  `${ours} | - | -`,
  `${ours} | - | 1`,
  `${ours} | same-origin | -`,
  `${ours} | same-origin | 1`,
  '- | same-origin | -',
  '- | same-origin | 1',
  '- | - | 1',
]);

const combinations = origins.flatMap((origin) =>
  sites.flatMap((site) => companies.map((company) => ({ origin, site, company }))),
);

function isAllowed(method: string, { origin, site, company }: (typeof combinations)[number]): boolean {
  const given = Object.entries({ origin, 'sec-fetch-site': site, 'x-company-id': company });
  const headers = Object.fromEntries(given.filter(([, value]) => value !== undefined)) as Record<string, string>;
  try {
    requireSameOrigin({ method, headers }, ours);
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code === 'cross_site_request' && error.status === 403) return false;
    throw error;
  }
}

const nameOf = ({ origin, site, company }: (typeof combinations)[number]) =>
  [origin ?? '-', site ?? '-', company ?? '-'].join(' | ');

describe('a call that changes something', () => {
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'get', '']) {
    test(`by ${method || 'no method'} needs proof that it comes from a page of the extension`, () => {
      const allowed = combinations.filter((each) => isAllowed(method, each)).map(nameOf);
      expect(allowed.toSorted()).toEqual([...proofs].toSorted());
    });
  }
});

describe('a call that brings its session in Authorization, as no browser does by itself', () => {
  const allowed = (more: Record<string, string>, method = 'POST') => {
    try {
      requireSameOrigin({ method, headers: { authorization: 'bEARER sealed', ...more } }, ours);
      return true;
    } catch {
      return false;
    }
  };

  test('needs no other proof', () => {
    for (const more of [
      {},
      { origin: ours },
      { 'sec-fetch-site': 'none' },
      { 'sec-fetch-site': 'same-site' },
    ] as const) {
      expect([more, allowed({ ...more })]).toEqual([more, true]);
    }
    expect(allowed({ authorization: 'Basic sealed' })).toBe(false);
    expect(allowed({ authorization: 'Bearerx sealed' })).toBe(false);
  });

  test('is refused to another site all the same', () => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      expect(allowed({ 'sec-fetch-site': 'cross-site' }, method)).toBe(false);
      for (const origin of origins.filter((each) => each !== undefined && each !== ours)) {
        expect(allowed({ origin: origin ?? '', 'x-company-id': '1', 'sec-fetch-site': 'same-origin' }, method)).toBe(
          false,
        );
      }
    }
  });
});

describe('a call that changes nothing', () => {
  for (const method of ['GET', 'HEAD', 'OPTIONS']) {
    test(`by ${method} is refused only where another site's page makes it`, () => {
      const refused = combinations.filter((each) => !isAllowed(method, each)).map(nameOf);
      const foreign = combinations.filter(
        ({ origin, site }) => site === 'cross-site' || (origin !== undefined && origin !== ours),
      );
      expect(refused).toEqual(foreign.map(nameOf));
    });
  }
});

test('the address of the extension may end with a slash or have a path', () => {
  for (const address of [`${ours}/`, `${ours}/path`]) {
    expect(() => requireSameOrigin({ method: 'POST', headers: { origin: ours } }, address)).not.toThrow();
  }
});
