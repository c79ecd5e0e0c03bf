import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, FrameLocator, Page, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { PlatformControl } from '../flow/platform-control.ts';
import { send } from '../infra/local/fixture/send.ts';
import { findChromium, openChromiumProfile } from '../kit/chromium.ts';
import { type LocalWorld, startWorld } from '../start-world.ts';

const executablePath = findChromium('test/cookieless/chromium.test.ts');

/** How a frame's requests come to us without some of its cookies. */
type Rule = (asked: { readonly url: string; readonly isInFrame: boolean }) => boolean;
const withoutAny: Rule = ({ isInFrame }) => isInFrame;
/** As WebKit 26.2 does: a partitioned cookie is left out where another site's redirect led here. */
const withoutAfterRedirects: Rule = ({ url, isInFrame }) => isInFrame && /\/fp\/auth\?(?!.*returned=1)/.test(url);

describe.skipIf(executablePath === undefined)('a browser that keeps no cookie in the frame', () => {
  let directory: string;
  let local: LocalWorld;
  let context: BrowserContext;
  let page: Page;
  let evil: Server;
  let evilOrigin: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cookieless-'));
    local = await startWorld({ dataDir: directory, configFile: 'test/cookieless/extension.config.ts' });
    evil = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>evil</title><p>evil</p>');
    });
    evil.listen(0, 'localhost');
    await once(evil, 'listening');
    evilOrigin = `http://evil.localhost:${(evil.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    evil.closeAllConnections();
    evil.close();
    await local.close();
    await rm(directory, { recursive: true, force: true });
  });
  beforeEach(async () => {
    context = await openChromiumProfile(executablePath, await mkdtemp(join(directory, 'profile-')));
    page = await context.newPage();
  });
  afterEach(async () => {
    await new PlatformControl(local.world).clearFaults();
    await context.close();
  });

  const frame = (): FrameLocator => page.frameLocator('#extension');
  const inFrame = () => page.frames().find((each) => each.url().startsWith(local.world.baseUrl));
  const panel = (company: number) => `${local.world.platformUrl}/company/${company}/extensions/${local.world.apiKey}`;

  /** Has what the frame asks of us come without cookies, and its answers without any to keep. */
  const strip = async (rule: Rule) => {
    await page.route(`${local.world.baseUrl}/**`, async (route: Route) => {
      const request = route.request();
      const isInFrame = request.frame() !== page.mainFrame();
      if (!rule({ url: request.url(), isInFrame })) return await route.continue();
      const { cookie: _none, ...headers } = await request.allHeaders();
      const { pathname, search } = new URL(request.url());
      // Node's own fetch would call itself a script.
      const answer = await send(local.world.baseUrl, `${pathname}${search}`, {
        method: request.method(),
        headers: Object.fromEntries(
          Object.entries(headers).filter(([name]) => !/^(:|host$|content-length$)/.test(name)),
        ),
        body: request.postData() ?? '',
      });
      const kept = Object.entries(answer.headers).filter(
        ([name]) => !/^(set-cookie|content-length|connection)$/.test(name),
      );
      await route.fulfill({
        status: answer.status,
        headers: Object.fromEntries(kept) as Record<string, string>,
        body: answer.text,
      });
    });
  };

  /** To where the frame offers a window of its own. */
  const comeToTheOffer = async (company: number) => {
    await page.goto(panel(company));
    await page.locator('#install').click();
    await frame().locator('#allow').click();
    await frame().getByText('Open in a new window').waitFor();
  };
  const signInThroughTheWindow = async (company: number) => {
    await comeToTheOffer(company);
    const opened = page.waitForEvent('popup');
    await frame().getByText('Open in a new window').click();
    const popup = await opened;
    if (!popup.isClosed()) await popup.waitForEvent('close');
    await frame().locator('#products li').nth(2).waitFor();
  };

  test('signs in through a window, calls with the session that the tab holds, and stays signed in past a reload', async () => {
    await strip(withoutAny);
    const addresses: string[] = [];
    page.on('framenavigated', (navigated) => addresses.push(navigated.url()));
    await signInThroughTheWindow(1);
    expect(await frame().locator('#name').textContent()).toBe('Asha Rao');
    expect(inFrame()?.url()).toBe(`${local.world.baseUrl}/company/1?session=tab`);
    // The window, where the browser keeps cookies, has one besides.
    const cookies = await context.cookies(local.world.baseUrl);
    expect(cookies.map(({ name }) => name)).toContain('__Host-ext_session_1');
    const session = String(await inFrame()?.evaluate(`JSON.parse(sessionStorage['extension-session:1']).session`));
    expect(session.length).toBeGreaterThan(100);
    expect(addresses.join()).not.toContain(session);
    expect(local.extension.logs().join()).not.toContain(session);

    await inFrame()?.evaluate('void location.reload()');
    await frame().locator('#products li').nth(2).waitFor();
    // Opened anew in the same tab.
    await page.goto(panel(1));
    await frame().locator('#products li').nth(2).waitFor();
    expect(inFrame()?.url()).toContain('session=tab');

    await frame().getByText('Sign out').click();
    await frame().getByText('signed out: 204').waitFor();
    expect(await inFrame()?.evaluate('sessionStorage.length')).toBe(0);
    const headers = { authorization: `Bearer ${session}` };
    expect((await fetch(`${local.world.baseUrl}/api/session`, { headers })).status).toBe(401);
  });

  test('is led to the window again when the session has ended, and comes back to the same place', async () => {
    await strip(withoutAny);
    await signInThroughTheWindow(2);
    await inFrame()?.evaluate(`history.pushState(undefined, '', '/company/2/orders?page=3&session=tab')`);
    await new PlatformControl(local.world).expireTokens({ company_id: 2 });
    // What no cache has.
    await inFrame()?.evaluate(`void fetch('/api/platform/catalog/v2.0/company/2/products/?page_no=3')`);
    const offer = frame().getByText('Open in a new window');
    await offer.waitFor();
    expect(await inFrame()?.evaluate(`sessionStorage.getItem('extension-session:2')`)).toBeNull();
    await offer.click();
    await frame().locator('#products li').nth(2).waitFor();
    expect(inFrame()?.url()).toBe(`${local.world.baseUrl}/company/2/orders?page=3&session=tab`);
  });

  test('that keeps cookies, but for where another site’s redirect led, needs neither a window nor a click', async () => {
    await strip(withoutAfterRedirects);
    await page.goto(panel(3));
    await page.locator('#install').click();
    await frame().locator('#allow').click();
    await frame().locator('#products li').nth(2).waitFor();
    expect(inFrame()?.url()).toBe(`${local.world.baseUrl}/company/3`);
    expect(await inFrame()?.evaluate('sessionStorage.length')).toBe(0);
    expect(context.pages().filter((each) => each.url() !== 'about:blank')).toEqual([page]);
  });

  test('and no sessionStorage either signs in all the same, until the page is left', async () => {
    // What browsers do that block all that other sites keep, as Chromium does in an incognito window.
    await context.addInitScript(`Object.defineProperty(window, 'sessionStorage', {
      get() { throw new DOMException('denied', 'SecurityError'); },
    })`);
    await strip(withoutAny);
    await signInThroughTheWindow(4);
    expect(await inFrame()?.evaluate('window.name')).toBe('');
    await inFrame()?.evaluate('void location.reload()');
    await frame().getByText('Open in a new window').waitFor();
  });

  test('whose session lives, while the platform answers 401 to all, is sent to sign in once and then told', async () => {
    const control = new PlatformControl(local.world);
    await control.fault({ path: '/service/platform/' }, { status: 401 });
    const installs: string[] = [];
    page.on('request', (request) => {
      if (request.isNavigationRequest() && request.url().includes('/fp/install')) installs.push(request.url());
    });
    await page.goto(panel(8));
    await page.locator('#install').click();
    await frame().locator('#allow').click();
    await frame().getByText('/api/products was answered with 401').waitFor();
    expect(await frame().locator('#name').textContent()).toBe('Asha Rao');
    // The panel's own, before and after it was installed, and one because of the 401.
    expect(installs.filter((address) => address.includes('redirect_path'))).toHaveLength(1);
    await inFrame()?.evaluate(`fetch('/api/products')`);
    expect(installs.filter((address) => address.includes('redirect_path'))).toHaveLength(1);
  });

  describe('whoever wants the session, or wants to give another one', () => {
    test('opens the window from another site and hears nothing; the window closes', async () => {
      await page.goto(evilOrigin);
      await page.evaluate(`heard = []; addEventListener('message', ({ data }) => heard.push(data))`);
      const query = `company_id=5&client_id=${local.world.apiKey}&display=window`;
      const opened = page.waitForEvent('popup');
      await page.evaluate(`void open(${JSON.stringify(`${local.world.baseUrl}/fp/install?${query}`)})`);
      const popup = await opened;
      await popup.locator('#allow').click();
      if (!popup.isClosed()) await popup.waitForEvent('close');
      expect(await page.evaluate('heard')).toEqual([]);
      const cookies = await context.cookies(local.world.baseUrl);
      expect(cookies.map(({ name }) => name)).toContain('__Host-ext_session_5');
    });

    test('frames the page that hands over, and gets nothing of it', async () => {
      await page.goto(evilOrigin);
      await page.evaluate(`heard = []; addEventListener('message', ({ data }) => heard.push(data))`);
      const address = `${local.world.baseUrl}/fp/install?company_id=5&client_id=${local.world.apiKey}&display=window`;
      await new PlatformControl(local.world).set({ autoApprove: { user: 'owner' } });
      const blocked = page.waitForEvent('console', (message) => message.text().includes('frame-ancestors'));
      await page.evaluate(
        `document.body.append(Object.assign(document.createElement('iframe'), { src: ${JSON.stringify(address)} }))`,
      );
      await blocked;
      await new PlatformControl(local.world).reset();
      expect(await page.evaluate('heard')).toEqual([]);
    });

    test('posts a session to the page that waits for one: only the window that it opened is heard, from our own origin, for its company', async () => {
      await strip(withoutAny);
      await comeToTheOffer(6);
      const forged = (more: object = {}) =>
        JSON.stringify({
          type: 'extension-session',
          company_id: '6',
          session: 'FORGED',
          expires_at: 9_999_999_999,
          path: '/company/6',
          ...more,
        });
      const held = () => inFrame()?.evaluate('sessionStorage.length');
      // The panel around it, and itself, before it has opened anything.
      await page.evaluate(`document.querySelector('#extension').contentWindow.postMessage(${forged()}, '*')`);
      await inFrame()?.evaluate(`postMessage(${forged()}, location.origin)`);
      await inFrame()?.evaluate('new Promise((resolve) => setTimeout(resolve))');
      expect(await held()).toBe(0);
      // While its window is open, which waits for consent of another person.
      await context.addCookies([{ name: 'panel_user', value: 'catalog', url: local.world.platformUrl }]);
      const opened = page.waitForEvent('popup');
      await frame().getByText('Open in a new window').click();
      const popup = await opened;
      await popup.locator('#allow').waitFor();
      await page.evaluate(`document.querySelector('#extension').contentWindow.postMessage(${forged()}, '*')`);
      await inFrame()?.evaluate(`postMessage(${forged()}, location.origin)`);
      // The very window, while another site's page is in it.
      await popup.evaluate(`opener.postMessage(${forged()}, '*')`);
      // And with a page of ours, for another company, or of another kind.
      await popup.evaluate(`void location.assign(${JSON.stringify(`${local.world.baseUrl}/_healthz`)})`);
      await popup.waitForURL('**/_healthz');
      await popup.evaluate(`opener.postMessage(${forged({ company_id: '7' })}, location.origin)`);
      await popup.evaluate(`opener.postMessage(${forged({ type: 'other' })}, location.origin)`);
      await popup.evaluate(`opener.postMessage(null, location.origin)`);
      await inFrame()?.evaluate('new Promise((resolve) => setTimeout(resolve))');
      expect(await held()).toBe(0);
      expect(inFrame()?.url()).toContain('/fp/auth');
      // What it does take, so that all of the above was refused for what it was.
      await popup.evaluate(`opener.postMessage(${forged()}, location.origin)`);
      await expect.poll(() => inFrame()?.url()).toContain('/company/6');
    });

    test('leads somebody to a callback of one’s own, which signs nobody in and hands nothing over', async () => {
      const query = `code=theirs&state=theirs&company_id=6&client_id=${local.world.apiKey}`;
      await page.goto(`${local.world.baseUrl}/fp/auth?${query}&display=window`);
      await page.getByText('could not be matched').waitFor();
      expect((await context.cookies(local.world.baseUrl)).filter(({ name }) => name.includes('session'))).toEqual([]);
    });
  });
});
