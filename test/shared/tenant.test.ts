import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { companyOf, companyTenant, isSameTenant, parseTenantKey, type Tenant, tenantKey } from '../../shared/tenant.ts';
import { problemOf } from './fixture/problem.ts';

const organization = (id: string): Tenant => ({ kind: 'organization', id });
const tenants = fc.oneof(
  fc.stringMatching(/^[1-9]\d{0,17}$/).map(companyTenant),
  fc.stringMatching(/^[\w-]{1,64}$/).map(organization),
);

describe('the key of a tenant', () => {
  test('is what rows, sealed texts and message groups have always held', () => {
    expect(tenantKey(companyTenant('1'))).toBe('company#1');
    expect(tenantKey(organization('a1'))).toBe('organization#a1');
  });

  test('is read as the tenant that it was made of, and is the same for the same tenant only', () => {
    fc.assert(
      fc.property(tenants, tenants, (a, b) => {
        expect(parseTenantKey(tenantKey(a))).toEqual(a);
        expect(tenantKey(a) === tenantKey(b)).toBe(isSameTenant(a, b));
      }),
    );
    expect(isSameTenant(companyTenant('1'), organization('1'))).toBe(false);
    expect(isSameTenant(companyTenant('1'), companyTenant('1'))).toBe(true);
  });

  test('is no other text', () => {
    for (const text of [
      '',
      'company',
      'company#',
      'company#01',
      'company#a1',
      'company#1#g1',
      'company#1\n',
      `company#${'1'.repeat(19)}`,
      'Company#1',
      'toString#1',
      'organization#',
      'organization#a.1',
      `organization#${'a'.repeat(65)}`,
    ]) {
      expect([text, parseTenantKey(text)]).toEqual([text, undefined]);
    }
  });
});

test('an organization never passes for the company with its id', async () => {
  expect(companyOf(companyTenant('1'))).toBe('1');
  expect(await problemOf(() => companyOf(organization('1')))).toMatchObject({ code: 'internal', status: 500 });
});
