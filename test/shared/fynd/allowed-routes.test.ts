import { describe, expect, test } from 'vitest';
import { isForPeople, isRouteAllowed, matchesRoute } from '../../../shared/fynd/allowed-routes.ts';
import { platformPath } from '../../../shared/fynd/platform-path.ts';
import { grants, missingScopes } from '../../../shared/fynd/scopes.ts';
import { testExtension } from '../fixture/extension.ts';

type Proxy = NonNullable<Parameters<typeof testExtension>[0]>['proxy'];

function isAllowed(
  call: string,
  { scopes = ['company/products'], proxy }: { scopes?: string[]; proxy?: Proxy } = {},
): boolean {
  const [method = '', path = ''] = call.split(' ');
  return isRouteAllowed(testExtension({ scopes, ...(proxy && { proxy }) }), method, platformPath(path.split('/')));
}

describe('without rules, pages may call', () => {
  test('what the scopes cover of a company, by any method', () => {
    expect(isAllowed('GET catalog/v2.0/company/1/products/')).toBe(true);
    expect(isAllowed('DELETE catalog/v1.0/company/1/products/7')).toBe(true);
    expect(isAllowed('GET order-manage/v1.0/company/1/x', { scopes: ['company/orders/read'] })).toBe(true);
  });

  test('every service of a company where the scope is company/*', () => {
    expect(isAllowed('GET anything/v1.0/company/1/x', { scopes: ['company/*'] })).toBe(true);
  });

  for (const call of [
    'GET order/v1.0/company/1/orders',
    'GET catalog/v2.0/application/1/products',
    'GET catalog/latest/company/1/products',
    'GET catalog/v2.0',
    'GET catalogue/v2.0/company/1',
    'GET constructor/v1.0/company/1',
  ]) {
    test(`but not ${call}`, () => expect(isAllowed(call)).toBe(false));
  }

  test('nothing that a scope with the name of an inherited property seems to open', () => {
    expect(isAllowed('GET catalog/v2.0/company/1', { scopes: ['company/constructor'] })).toBe(false);
    expect(isAllowed('GET catalog/v2.0/company/1', { scopes: ['company/__proto__'] })).toBe(false);
  });
});

describe('the rules of the configuration', () => {
  test('narrow with «only», and never widen with it', () => {
    const proxy = { only: ['GET catalog/v2.0/company/*/products/', 'GET order/**'] } as const;
    expect(isAllowed('GET catalog/v2.0/company/1/products', { proxy })).toBe(true);
    expect(isAllowed('POST catalog/v2.0/company/1/products/', { proxy })).toBe(false);
    expect(isAllowed('GET catalog/v2.0/company/1/brands', { proxy })).toBe(false);
    expect(isAllowed('GET order/v1.0/company/1/orders', { proxy })).toBe(false);
  });

  test('widen with «also», beside what «only» leaves', () => {
    const proxy = { only: ['GET catalog/**'], also: ['POST order/v1.0/company/*/orders'] } as const;
    expect(isAllowed('POST order/v1.0/company/1/orders', { proxy })).toBe(true);
    expect(isAllowed('GET order/v1.0/company/1/orders', { proxy })).toBe(false);
    expect(isAllowed('GET catalog/v2.0/company/1/products', { proxy })).toBe(true);
  });
});

describe('the services that are not for people', () => {
  const proxy = { also: ['* **'] } as const;
  for (const service of ['webhook', 'partners', 'Webhook', 'PARTNERS', '%77ebhook', 'webhoo%256b', 'webhook;v=1']) {
    test(`include ${service}, whatever the scopes cover and «also» names`, () => {
      const path = `${service}/v1.0/company/1/subscriber`;
      expect(isForPeople(path.split('/'))).toBe(false);
      expect(isAllowed(`GET ${path}`, { scopes: ['company/*', 'company/webhook'], proxy })).toBe(false);
    });
  }

  for (const service of ['partner', 'webhooks', 'webhook2', 'my-webhook', '%zz']) {
    test(`do not include ${service}`, () => {
      expect(isAllowed(`GET ${service}/v1.0/company/1/x`, { scopes: ['company/*'] })).toBe(true);
    });
  }
});

describe('a pattern', () => {
  for (const [pattern, call, matches] of [
    ['GET catalog/**', 'GET catalog', true],
    ['GET catalog/**', 'GET catalog/a/b/c', true],
    ['GET catalog/**', 'HEAD catalog/a', false],
    ['* catalog/**', 'PATCH catalog/a', true],
    ['* **', 'GET anything/at/all', true],
    ['GET a/*/c', 'GET a/b/c', true],
    ['GET a/*/c', 'GET a/b/c/', true],
    ['GET a/*/c/', 'GET a/b/c', true],
    ['GET a/*/c', 'GET a/b/c/d', false],
    ['GET a/*/c', 'GET a/b', false],
    ['GET a/*', 'GET a/', false],
    ['GET a.c', 'GET abc', false],
    ['GET a', 'GET A', false],
  ] as const) {
    test(`${pattern} ${matches ? 'names' : 'does not name'} ${call}`, () => {
      const [method, path] = call.split(' ') as [string, string];
      expect(matchesRoute(pattern, method, path.split('/'))).toBe(matches);
    });
  }
});

describe('a required scope', () => {
  test('is granted by itself or by a wildcard, and by nothing that merely looks like it', () => {
    expect(grants(['company/products'], 'company/products')).toBe(true);
    expect(grants(['company/*'], 'company/products')).toBe(true);
    expect(grants(['company/*'], 'company/products/read')).toBe(true);
    expect(grants(['company/products/*'], 'company/products')).toBe(false);
    expect(grants(['company'], 'company/products')).toBe(false);
    expect(grants(['comp*'], 'company/products')).toBe(false);
    expect(grants(['*'], 'company/products')).toBe(false);
    expect(grants([], 'company/products')).toBe(false);
  });

  test('is reported as missing in the order in which it was asked for', () => {
    expect(missingScopes(['a/b'], ['z/z', 'a/b', 'a/a'])).toEqual(['z/z', 'a/a']);
  });
});
