import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { packScopes, unpackScopes } from '../../../shared/session/granted-scopes.ts';

const scope = fc.stringMatching(/^[a-z]{1,8}\/[a-z_]{1,8}$/);
const configured = fc.uniqueArray(scope, { minLength: 1, maxLength: 200 });

describe('granted scopes', () => {
  test('come back as the configured ones that were granted, whatever else was', () => {
    const lists = configured.chain((all) => fc.tuple(fc.constant(all), fc.subarray(all), fc.array(scope)));
    fc.assert(
      fc.property(lists, ([all, granted, others]) => {
        const foreign = others.filter((each) => !all.includes(each));
        expect(unpackScopes(all, packScopes(all, [...granted, ...foreign]))).toEqual(granted.toSorted());
      }),
    );
  });

  test('mean the same in whatever order the configuration names them', () => {
    fc.assert(
      fc.property(configured, (all) => {
        expect(unpackScopes(all.toReversed(), packScopes(all, all.slice(0, 1)))).toEqual(all.slice(0, 1));
      }),
    );
  });

  test('mean nothing under another configuration', () => {
    fc.assert(
      fc.property(configured, scope, (all, added) => {
        fc.pre(!all.includes(added));
        const packed = packScopes(all, all);
        expect(unpackScopes([...all, added], packed)).toBeUndefined();
        if (all.length > 1) expect(unpackScopes(all.slice(1), packed)).toBeUndefined();
      }),
    );
  });

  test('that a wildcard covers are granted', () => {
    const all = ['company/products', 'company/orders', 'partner/x'];
    expect(unpackScopes(all, packScopes(all, ['company/*']))).toEqual(['company/orders', 'company/products']);
  });

  test('take no more than 43 characters for 200, however long their names', () => {
    const all = Array.from({ length: 200 }, (_, index) => `company/${'x'.repeat(80)}${index}`);
    expect(packScopes(all, all).length).toBeLessThanOrEqual(43);
  });

  test('of a damaged list are never more than were granted', () => {
    const all = ['a/a', 'b/b', 'c/c'];
    const packed = packScopes(all, ['a/a']);
    expect(unpackScopes(all, packed.slice(0, 8))).toEqual([]);
    expect(unpackScopes(all, '')).toBeUndefined();
  });
});
