import { describe, expect, test } from 'vitest';
import { announcementOf } from '../../../shared/background/messages.ts';
import { pendingWork } from '../../../shared/background/pending-work.ts';
import { registeredNote, registrationOf } from '../../../shared/background/webhook-registration.ts';
import type { ExtensionInput } from '../../../shared/config.ts';
import { companyTenant } from '../../../shared/tenant.ts';
import { baseUrl, clientId, testExtension } from '../fixture/extension.ts';

const file = './functions/x.ts';
const withEvents: Partial<ExtensionInput> = {
  events: { 'company/product/update/v1': file },
  webhooks: { notificationEmail: 'owner@example.com' },
};
const deps = (input: Partial<ExtensionInput>) => ({ extension: testExtension(input), baseUrl, apiKey: clientId });
const scopes = ['company/products', 'company/orders'];
const installation = {
  tenant: companyTenant('12'),
  generation: 2,
  scopes,
  announced: undefined,
  registered: undefined,
};
type Key = { readonly webhookKid?: string };
const pending = (input: Partial<ExtensionInput>, changes: object = {}, key: Key = {}) =>
  pendingWork({ ...deps(input), ...key }, { ...installation, ...changes }).map(({ body, group }) => ({
    ...(JSON.parse(body) as object),
    group,
  }));

const noted = (generation: number, kid: string) =>
  registeredNote(registrationOf(deps(withEvents), generation) ?? '', kid);
const told = announcementOf(2, scopes);
const [installed, scopesChanged] = [{ hooks: { installed: file } }, { hooks: { scopesChanged: file } }];
const both = { hooks: { installed: file, scopesChanged: file } };
const message = (hook: string) => ({
  kind: 'lifecycle',
  company: '12',
  hook,
  generation: 2,
  scopes,
  group: 'company#12',
});

describe('what an installation is behind with', () => {
  test('is nothing where the author wants to know nothing', () => {
    expect(pending({})).toEqual([]);
    expect(pending({ hooks: { launched: file, uninstalled: file } })).toEqual([]);
  });

  for (const [what, announced] of [
    ['nothing was told', undefined],
    ['an earlier installation was told', announcementOf(1, scopes)],
    ['the uninstallation before it was told', announcementOf(1, [])],
  ] as const) {
    test(`is the hook «installed» where ${what}`, () => {
      expect(pending(both, { announced })).toEqual([message('installed')]);
      expect(pending(installed, { announced })).toEqual([message('installed')]);
    });
  }

  test('is the hook «scopesChanged» where the same installation was told with other scopes', () => {
    const announced = announcementOf(2, ['company/products']);
    expect(pending(both, { announced })).toEqual([message('scopesChanged')]);
    expect(pending(scopesChanged, { announced })).toEqual([message('scopesChanged')]);
    expect(pending(installed, { announced })).toEqual([]);
  });

  test('is a note of the installation where only changes are wanted: they are told from it', () => {
    expect(pending(scopesChanged)).toEqual([message('installed')]);
    expect(pending(scopesChanged, { announced: told })).toEqual([]);
  });

  test('is nothing where all of it was told, in whatever order the scopes come', () => {
    expect(pending(both, { announced: told })).toEqual([]);
    expect(pending(both, { announced: told, scopes: scopes.toReversed() })).toEqual([]);
  });

  test('is a registration where the platform took none or another one', () => {
    const registered = noted(2, 'some-key');
    const expected = [{ kind: 'register', company: '12', generation: 2, group: 'register#12' }];
    expect(pending(withEvents)).toEqual(expected);
    expect(pending(withEvents, { registered: 'another' })).toEqual(expected);
    expect(pending(withEvents, { registered: noted(1, 'some-key') })).toEqual(expected);
    expect(pending(withEvents, { registered })).toEqual([]);
  });

  test('is a registration under another webhook key where that is known, and only there', () => {
    const registered = noted(2, 'some-key');
    const expected = [{ kind: 'register', company: '12', generation: 2, group: 'register#12' }];
    expect(pending(withEvents, { registered }, { webhookKid: 'some-key' })).toEqual([]);
    expect(pending(withEvents, { registered }, { webhookKid: 'next-key' })).toEqual(expected);
    const keyless = registrationOf(deps(withEvents), 2);
    expect(pending(withEvents, { registered: keyless }, { webhookKid: 'some-key' })).toEqual(expected);
  });

  test('is asked for under ids that repeat while it stays the same, and under no other', () => {
    const idsOf = (changes: object, key: Key = {}) =>
      pendingWork({ ...deps({ ...withEvents, ...both }), ...key }, { ...installation, ...changes }).map(
        (each) => each.deduplicationId,
      );
    expect(idsOf({})).toHaveLength(2);
    expect(idsOf({})).toEqual(idsOf({}));
    expect(idsOf({}, { webhookKid: 'some-key' })[1]).not.toBe(idsOf({}, { webhookKid: 'next-key' })[1]);
    const others = [{}, { generation: 3 }, { tenant: companyTenant('13') }].flatMap((changes) => idsOf(changes));
    expect(new Set(others).size).toBe(others.length);
  });
});
