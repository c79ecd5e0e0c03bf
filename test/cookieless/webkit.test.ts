import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCertificate } from '../../infra/local/host/certificate.ts';
import { type LocalWorld, startWorld } from '../start-world.ts';
import { findWebKit, WebKit } from './webkit.ts';

const programs = findWebKit('test/cookieless/webkit.test.ts');
const frame = '#extension';
const products = `document.querySelectorAll('#products li').length`;
const text = `document.body?.innerText`;

describe.skipIf(programs === undefined)('a real WebKit', { timeout: 180_000 }, () => {
  let webkit: WebKit;
  let directory: string;
  const worlds: LocalWorld[] = [];
  const start = async (isTls: boolean) => {
    const local = await startWorld({
      dataDir: join(directory, isTls ? 'tls' : 'plain'),
      configFile: 'test/cookieless/extension.config.ts',
      ...(isTls && { certificate: await makeCertificate() }),
    });
    worlds.push(local);
    return local.world;
  };
  const panel = ({ platformUrl, apiKey }: LocalWorld['world'], company: number) =>
    `${platformUrl}/company/${company}/extensions/${apiKey}`;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'webkit-'));
    if (programs !== undefined) webkit = await WebKit.launch(programs);
  });
  afterAll(async () => {
    await webkit?.close();
    for (const local of worlds) await local.close();
    await rm(directory, { recursive: true, force: true });
  });

  test('signs in through a window of its own, since it keeps no cookie in the frame, and stays signed in past a reload', async () => {
    const world = await start(true);
    await webkit.open(panel(world, 1));
    await webkit.click('#install');
    await webkit.click('#allow', frame);
    await webkit.see(`/could not be matched/.test(${text})`, frame);
    // The platform, which knows by now what was allowed, asks no second time: the window closes by itself.
    await webkit.click('#window', frame);
    await webkit.see(`${products} > 2`, frame);
    expect(await webkit.see(`document.querySelector('#name').textContent`, frame)).toBe('Asha Rao');
    expect(await webkit.evaluate('location.pathname + location.search')).toBe('/company/1?session=tab');
    expect(await webkit.windows()).toHaveLength(1);
    expect(await webkit.evaluate(`[location.href, document.referrer, history.length < 20].join(' ')`)).not.toMatch(
      /ey/,
    );

    await webkit.evaluate(`[document.body.replaceChildren(), location.reload()] && true`);
    await webkit.see(`${products} > 2`, frame);

    // Opened anew in this tab, it goes on with the session that the tab holds, without a click.
    await webkit.open(panel(world, 1));
    await webkit.see(`${products} > 2`, frame);

    await webkit.click('#sign-out', frame);
    await webkit.see(`/signed out: 204/.test(${text})`, frame);
    expect(await webkit.evaluate('sessionStorage.length')).toBe(0);
  });

  test('without TLS keeps no cookie anywhere, and is told what to do about it', async () => {
    const world = await start(false);
    await webkit.open(`${world.baseUrl}/fp/install?company_id=2&client_id=${world.apiKey}`);
    await webkit.click('#allow');
    await webkit.see(`/HTTPS=1/.test(${text})`);
  });
});
