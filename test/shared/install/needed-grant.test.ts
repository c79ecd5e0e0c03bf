import { describe, expect, test } from 'vitest';
import { neededGrant } from '../../../shared/install/complete-install.ts';
import type { Installation } from '../../../shared/store/installations.ts';
import { companyTenant } from '../../../shared/tenant.ts';

const scopes = ['company/products', 'company/orders'];
const startedAtMs = 1_800_000_000_000;
const dayMs = 86_400_000;
const installedAtMs = startedAtMs - 1;
const row: Installation = {
  tenant: companyTenant('1'),
  generation: 3,
  version: 5,
  status: 'installed',
  scopes,
  installedAtMs,
};
const withoutGrant: Installation = { ...row, scopes: undefined };
const withFewer: Installation = { ...row, scopes: ['company/products'] };

/** By what is stored, whether this launch installs, and whether the person holds all scopes. */
const offline: [string, Installation | undefined, boolean, boolean, ReturnType<typeof neededGrant>][] = [
  ['never installed', undefined, false, true, 'offline'],
  ['never installed', undefined, false, false, 'refused'],
  ['never installed', undefined, true, true, 'offline'],
  ['never installed', undefined, true, false, 'refused'],
  ['uninstalled', { ...row, status: 'uninstalled' }, false, true, 'offline'],
  ['uninstalled', { ...row, status: 'uninstalled' }, false, false, 'refused'],
  ['uninstalled', { ...row, status: 'uninstalled' }, true, false, 'refused'],
  ['installed with all scopes', row, false, true, 'nothing'],
  ['installed with all scopes', row, false, false, 'nothing'],
  ['installed with all scopes', row, true, true, 'offline'],
  ['installed with all scopes', row, true, false, 'nothing'],
  ['installed by another launch meanwhile', { ...row, installedAtMs: startedAtMs }, true, true, 'nothing'],
  ['installed by another launch after it', { ...row, installedAtMs: startedAtMs + 5_000 }, true, true, 'nothing'],
  [
    'broken by now, installed meanwhile',
    { ...row, installedAtMs: startedAtMs, status: 'reauthorize' },
    true,
    true,
    'offline',
  ],
  ['installed with fewer scopes meanwhile', { ...withFewer, installedAtMs: startedAtMs }, true, true, 'offline'],
  ['installed with a wildcard', { ...row, scopes: ['company/*'] }, false, true, 'nothing'],
  ['installed with fewer scopes', withFewer, false, true, 'offline'],
  ['installed with fewer scopes', withFewer, false, false, 'nothing'],
  ['installed with fewer scopes', withFewer, true, false, 'nothing'],
  ['installed, grant broken', { ...row, status: 'reauthorize' }, false, true, 'offline'],
  ['installed, grant broken', { ...row, status: 'reauthorize' }, false, false, 'nothing'],
  ['installed, a refresh under way', { ...row, refreshingSinceMs: startedAtMs - 1_000 }, false, true, 'nothing'],
  [
    'installed, no refresh worked for a day',
    { ...row, refreshingSinceMs: startedAtMs - dayMs },
    false,
    true,
    'nothing',
  ],
  ['installed, none for longer', { ...row, refreshingSinceMs: startedAtMs - dayMs - 1 }, false, true, 'offline'],
  ['installed, none for longer', { ...row, refreshingSinceMs: startedAtMs - dayMs - 1 }, false, false, 'nothing'],
  ['installed in online mode before', withoutGrant, false, true, 'offline'],
  ['installed in online mode before', withoutGrant, false, false, 'refused'],
];

describe('in offline mode, what an installation needs from a sign-in', () => {
  for (const [stored, installation, installEvent, holdsAll, expected] of offline) {
    const who = holdsAll ? 'holds all scopes' : 'lacks scopes';
    const launch = installEvent ? 'installs' : 'opens';
    test(`is ${expected}: ${stored}, ${launch}, ${who}`, () => {
      const granted = holdsAll ? ['company/*'] : ['company/products'];
      expect(neededGrant({ accessMode: 'offline', scopes }, installation, { installEvent, startedAtMs }, granted)).toBe(
        expected,
      );
    });
  }
});

describe('in online mode, what an installation needs from a sign-in', () => {
  for (const [stored, installation, expected] of [
    ['never installed', undefined, 'row'],
    ['uninstalled', { ...row, status: 'uninstalled' }, 'row'],
    ['installed', withoutGrant, 'nothing'],
    ['installed in offline mode before', row, 'nothing'],
  ] as const) {
    test(`is ${expected} whatever the person holds: ${stored}`, () => {
      for (const granted of [scopes, []]) {
        expect(
          neededGrant({ accessMode: 'online', scopes }, installation, { installEvent: false, startedAtMs }, granted),
        ).toBe(expected);
      }
    });
  }
});
