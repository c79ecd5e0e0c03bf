import { describe, expect, expectTypeOf, test } from 'vitest';
import { questionsAbout } from '../../infra/questions.ts';
import { documentedScopes } from '../../infra/simulated-platform/scopes.ts';
import { eventConfigs, slugOf } from '../../infra/simulated-platform/webhook-events.ts';
import { defineExtension } from '../../shared/config.ts';
import { type KnownEvent, type KnownScope, knownEvents, knownScopes } from '../../shared/known-names.ts';
import { parseExtension } from '../../shared/parse-extension.ts';

const ask = (input: object) => {
  const given = { name: 'Lens', scopes: ['company/products'], webhooks: { notificationEmail: 'a@example.com' } };
  return questionsAbout(parseExtension({ ...given, ...input }), 'extension.config.ts');
};
const handler = './test/extension/stock.ts';

describe('names that no public document of the platform knows', () => {
  test.each([
    ['company/prodcuts', ' Did you mean "company/products"?'],
    ['company/produts/read', ' Did you mean "company/products/read"?'],
    ['company/customer_data', ''],
    ['company/x', ''],
  ])('a scope %s is a question', (scope, meant) => {
    expect(ask({ scopes: ['company/orders', scope] })).toEqual([
      `extension.config.ts: scopes names "${scope}", a scope that no public document of the platform knows.${meant} If it is right, add it to "unlisted".`,
    ]);
  });

  test('so is an event, whichever part of its name is wrong', () => {
    const events = { 'company/prodcut/update/v1': handler, 'company/product/update/v9': handler };
    expect(ask({ events }).map((sentence) => /mean "([^"]*)"/.exec(sentence)?.[1])).toEqual([
      'company/product/update/v1',
      expect.stringMatching(/^company\/product\/update\/v[123]$/),
    ]);
  });

  test('nothing is asked about what is known, a wildcard above it, or what is unlisted on purpose', () => {
    expect(ask({ scopes: ['company/products/write', 'company/*', 'company/products/*', 'company/order'] })).toEqual([]);
    const events = { 'company/parcel/lost/v1': handler };
    expect(ask({ scopes: ['company/x'], events, unlisted: ['company/x', 'company/parcel/lost/v1'] })).toEqual([]);
  });

  test('editors complete the known names, and any other one is taken', () => {
    expectTypeOf<'company/products'>().toExtend<KnownScope>();
    expectTypeOf<'company/prodcuts'>().not.toExtend<KnownScope>();
    expectTypeOf<'application/refund/refund_done/v1'>().toExtend<KnownEvent>();
    expectTypeOf<'application/refund/refund_done/v2'>().not.toExtend<KnownEvent>();
    defineExtension({ name: 'X', scopes: ['company/products', 'company/x'], events: { 'a/b/c/v1': handler } });
  });
});

test('the simulated platform knows the same names', () => {
  expect(new Set(documentedScopes)).toEqual(new Set(knownScopes));
  expect(new Set(eventConfigs.map(slugOf))).toEqual(new Set(knownEvents));
});
