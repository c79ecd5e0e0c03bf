import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { codeChallenge } from '../../../shared/fynd/pkce.ts';
import { Browser } from '../../flow/browser.ts';
import { PlatformControl, type RecordedRequest } from '../../flow/platform-control.ts';
import { type LocalWorld, startWorld } from '../../start-world.ts';

let dataDir: string;
let local: LocalWorld;
let platform: PlatformControl;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'sign-in-options-'));
  local = await startWorld({ dataDir, configFile: 'test/infra/local/sign-in-options.extension.config.ts' });
  platform = new PlatformControl(local.world);
});
afterAll(async () => {
  await local.close();
  await rm(dataDir, { recursive: true, force: true });
});
beforeEach(() => platform.reset());

const oauth = (company: number) => `/service/panel/authentication/v1.0/company/${company}/oauth`;
const script = { headers: { accept: 'application/json' } };
const bodyOf = ({ body_base64 }: RecordedRequest) => Buffer.from(body_base64, 'base64').toString();

describe('a code that is bound to the browser that asked for it', () => {
  for (const pkce of ['ignored', 'enforced'] as const) {
    test(`signs in and installs where the platform has the challenge ${pkce}`, async () => {
      await platform.set({ pkce });
      const company = pkce === 'ignored' ? 1 : 2;
      const browser = new Browser(local.world);
      expect((await browser.signIn(company)).status).toBe(302);
      expect(await browser.json('/api/session')).toMatchObject({ company_id: String(company) });
      const [authorize = ''] = (await platform.requests(`${oauth(company)}/authorize`)).map(({ url }) => url);
      const asked = new URL(authorize, local.world.platformUrl).searchParams;
      expect(asked.get('code_challenge_method')).toBe('S256');
      const [online] = await platform.requests(`${oauth(company)}/token`);
      const [offline] = await platform.requests(`${oauth(company)}/offline-token`);
      const verifier = online && new URLSearchParams(bodyOf(online)).get('code_verifier');
      expect(verifier).toMatch(/^[\w-]{43}$/);
      expect(asked.get('code_challenge')).toBe(codeChallenge(verifier ?? ''));
      expect(offline && JSON.parse(bodyOf(offline))).toMatchObject({ code_verifier: verifier });
      expect([online?.signature, offline?.signature]).toEqual(['valid', 'valid']);
    });
  }

  for (const [pkce, outcome] of [
    ['enforced', { code: 'code_refused' }],
    // So it is wherever nobody looks at the challenge.
    ['ignored', { user: { name: 'Asha Rao' } }],
  ] as const) {
    test(`that was stolen ${pkce === 'enforced' ? 'is of no use' : 'signs in whoever brings it'} where the platform has the challenge ${pkce}`, async () => {
      await platform.set({ pkce });
      const stolen = new URL(await new Browser(local.world).consent(3, 'owner')).searchParams.get('code') ?? '';
      const thief = new Browser(local.world);
      const back = new URL(await thief.consent(3, 'catalog'));
      back.searchParams.set('code', stolen);
      const response = await thief.fetch(back.href, script);
      expect(response.status === 302 ? await thief.json('/api/session') : await response.json()).toMatchObject(outcome);
    });
  }

  test('is asked for in vain where the platform refuses what it does not know, and people are told', async () => {
    await platform.set({ pkce: 'refused' });
    const browser = new Browser(local.world);
    const install = await browser.fetch(browser.installPath(4));
    const refused = await fetch(install.headers.get('location') ?? '', { redirect: 'manual' });
    const page = await browser.fetch(refused.headers.get('location') ?? '', { headers: { accept: 'text/html' } });
    expect(page.status).toBe(502);
    expect(await page.text()).toContain('href="/fp/install?company_id=4');
    expect(browser.cookies.size).toBe(0);
  });
});

describe('the launched hook', () => {
  test('leads people where it says, knowing what the launch claims, also where their callback comes twice', async () => {
    const browser = new Browser(local.world);
    const application = '65a000000000000000050001';
    const back = await browser.consent(5, 'owner', { application_id: application, redirect_path: '/company/5?a=1' });
    for (let delivery = 1; delivery <= 2; delivery++) {
      const response = await browser.fetch(back);
      expect([response.status, response.headers.get('location')]).toEqual([
        302,
        `${local.world.baseUrl}/company/5?application=${application}&user=Asha%20Rao`,
      ]);
    }
  });
});
