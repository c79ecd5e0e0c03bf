import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, test } from 'vitest';
import { startPlatform } from '../../../infra/simulated-platform/platform.ts';
import {
  authorize,
  authorizePath,
  bearer,
  call,
  control,
  extension,
  newCode,
  onlineToken,
  platform,
  redeem,
  redeemOffline,
} from './simulated.ts';

describe('the admin panel', () => {
  const page = async (path: string, cookie = '') =>
    (await fetch(platform.origin + path, { headers: { cookie } })).text();

  test('lists the companies and frames the extension at its install address', async () => {
    expect(await page('/')).toContain('Northstar Footwear');
    const html = await page('/company/2/application/65a000000000000000020001/extensions/test-extension');
    expect(html).toContain(
      'src="http://localhost:3999/fp/install?company_id=2&#38;client_id=test-extension&#38;application_id=65a000000000000000020001"',
    );
    expect(await page('/company/2/extensions/test-extension?install_event=true')).toContain(
      'install_event=true"></iframe>',
    );
  });

  test('who signs in there is who the consent page takes the visitor for, even without the cookie', async () => {
    const signedIn = await fetch(`${platform.origin}/signin`, {
      method: 'POST',
      body: new URLSearchParams({ user: 'orders', next: '/company/1/extensions/test-extension' }),
      redirect: 'manual',
    });
    expect([signedIn.status, signedIn.headers.get('location')]).toEqual([303, '/company/1/extensions/test-extension']);
    const [cookie = ''] = (signedIn.headers.get('set-cookie') ?? '').split(';');
    await page('/company/1/extensions/test-extension', cookie);
    expect(await (await authorize(authorizePath())).text()).toContain('value="orders" checked');
  });

  test('uninstalling revokes the tokens and tells the extension, which may be down', async () => {
    const { access_token } = await onlineToken();
    const uninstalled = await fetch(`${platform.origin}/company/1/extensions/test-extension/uninstall`, {
      method: 'POST',
    });
    expect(await uninstalled.text()).toContain('could not be told');
    const path = '/service/platform/catalog/v1.0/company/1/products/';
    expect((await call('GET', path, bearer(access_token))).status).toBe(401);
  });

  test('an extension that is up hears of the uninstall, signed as the setting says', async () => {
    const heard: string[] = [];
    const listener = createServer((request, response) => {
      request.on('data', (chunk: Buffer) => heard.push(`${request.url} ${chunk.toString()}`));
      request.on('end', () => response.end('{"success":true}'));
      heard.push(String(request.headers['x-fp-signature']));
    }).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as { port: number };
    const own = await startPlatform({ extension: { ...extension, baseUrl: `http://127.0.0.1:${port}` } });
    const say = (method: string, path: string, body: unknown) =>
      fetch(`${own.origin}/__control${path}`, {
        method,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    await say('PUT', '/settings', { lifecycleSignature: 'webhook', idsAsNumbers: true });
    const told = await say('POST', '/companies/7/uninstall', { notify: true });
    expect(await told.json()).toMatchObject({ notified: 'the extension answered 200' });
    expect(heard).toEqual([
      expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      '/fp/uninstall {"company_id":7,"client_id":"test-extension"}',
    ]);
    await own.close();
    listener.close();
  });

  test('finds companies by name, trade, city or id, a page at a time, those that installed it first', async () => {
    const rows = async (query: string) =>
      [...(await page(`/?${query}`)).matchAll(/<tr id="company-(\d+)"/g)].map(([, id]) => id);
    expect(await rows('q=NORTHSTAR')).toEqual(['2']);
    expect(await rows('q=17')).toEqual(['17']);
    expect(await rows('')).toHaveLength(20);
    expect(await rows('page=13')).toHaveLength(10);
    expect(await rows('page=9999')).toHaveLength(10);
    expect(await page('/?q=nobody-is-called-that')).toContain('id="no-company"');
    await onlineToken('owner', '200');
    await redeemOffline('company/200', await newCode('owner', '200'));
    expect((await rows(''))[0]).toBe('200');
  });

  test('the guide knows what was tried at the company where somebody began', async () => {
    const done = async () => (await page('/tools/guide')).split('<li class="done">').length - 1;
    expect(await done()).toBe(0);
    const signIn = async (user: string) => {
      const code = await newCode(user);
      await redeem('company/1', code);
      await redeemOffline('company/1', code);
    };
    await signIn('owner');
    expect(await done()).toBe(1);
    await signIn('catalog');
    expect(await done()).toBe(2);
    await control('POST', '/tokens/expire', { company_id: '1', access_mode: 'online' });
    expect(await done()).toBe(2);
    await signIn('catalog');
    expect(await done()).toBe(3);
    await control('POST', '/companies/1/uninstall');
    expect(await done()).toBe(4);
  });

  test('its buttons know the state', async () => {
    const path = '/company/1/extensions/test-extension';
    expect(await page(path)).toMatch(/<a [^>]*id="install"/);
    await redeemOffline('company/1', await newCode());
    const installed = await page(path);
    expect(installed).toMatch(/<a [^>]*id="open"/);
    expect(installed).toContain('id="uninstall"');
    expect(installed).not.toContain('id="install"');
    expect(installed).toContain('id="extension-down"');
  });

  test.each([
    ['/?q=%22%3E%3Cscript%3Ex'],
    ['/tools/log?q=%22%3E%3Cscript%3Ex'],
    ['/tools/log?kind=%3Cscript%3Ex'],
    ['/tools/faults?notice=%3Cscript%3Ex'],
    ['/company/1/extensions/test-extension?notice=%3Cscript%3Ex'],
    ['/company/%3Cscript%3Ex/extensions/test-extension'],
    ['/organization/%3Cscript%3Ex/extensions/test-extension'],
    ['/company/1/application/%3Cscript%3Ex/extensions/test-extension'],
    ['/company/1/extensions/%3Cscript%3Ex'],
    ['/%3Cscript%3Ex'],
    ['/tools/%3Cscript%3Ex'],
    ['/tools/parts/state/company/999'],
    ['/%'],
    ['/company/%E0%A4%A/extensions/test-extension'],
  ])('%s is a page for a person, with nothing of it as HTML', async (path) => {
    const answer = await fetch(platform.origin + path, { headers: { accept: 'text/html' } });
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
    expect(answer.status).toBeLessThan(500);
    const policy = answer.headers.get('content-security-policy');
    expect(policy).toMatch(/script-src 'self'; style-src 'self';/);
    const html = await answer.text();
    expect(html).not.toContain('<script>x');
    expect(html).not.toMatch(/\son[a-z]+=|\sstyle=/);
  });

  test('what a person wrote and what an extension sent is escaped where it is shown', async () => {
    const evil = '<img src=x>"&\'';
    await control('PUT', '/users/evil', {
      first_name: evil,
      last_name: evil,
      role: evil,
      email: evil,
      permissions: [evil],
    });
    await control('POST', '/log', {
      what: evil,
      method: evil,
      url: `/${evil}`,
      notes: [evil],
      cache: evil,
      user: evil,
    });
    const { ids } = await control('POST', '/log', { what: evil, method: evil, url: evil });
    const paths = [
      '/',
      '/tools/people',
      '/tools/log',
      '/tools/guide',
      `/tools/log/${String((ids as number[])[0])}`,
      '/company/1/extensions/test-extension',
    ];
    for (const path of paths) expect(await page(path, 'panel_user=evil')).not.toContain('<img');
    expect(await (await authorize(authorizePath())).text()).not.toContain('<img');
  });

  test('a button’s form is a control call: what it did, or the field that is wrong, is said in one line', async () => {
    const press = async (fields: Record<string, string>) =>
      fetch(`${platform.origin}/tools/call`, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });
    const settings = { call: 'PUT /settings', done: 'Done.', next: '/tools/faults' };
    const done = await press({ ...settings, 'number:clockSkewSeconds': '60', 'text:webhooks.onlineTokens': 'refused' });
    expect([done.status, done.headers.get('location')]).toEqual([303, '/tools/faults?notice=Done.']);
    expect(await control('GET', '/settings')).toMatchObject({
      clockSkewSeconds: 60,
      webhooks: { onlineTokens: 'refused' },
    });
    const said = async (fields: Record<string, string>) =>
      new URL((await press(fields)).headers.get('location') ?? '', platform.origin).searchParams.get('notice');
    expect(await said({ ...settings, 'text:consent': 'never' })).toMatch(/^Not done: consent: /);
    expect(await said({ ...settings, 'json:refresh': '{' })).toBe('Not done: refresh is not JSON.');
    expect(await said({ call: 'GET /world' })).toMatch(/^Not done/);
    expect(await said({ call: 'POST /../service/x', fixed: '[' })).toMatch(/^Not done/);
    const elsewhere = await press({ ...settings, next: '//evil.example' });
    expect(elsewhere.headers.get('location')).toBe('/?notice=Done.');
  });

  test('a setting that a control call chose stays chosen on the page, and what is unusual is marked', async () => {
    await control('PUT', '/settings', { omit: ['scope', 'refresh_token'], refresh: { mode: 'single-use' } });
    const html = await page('/tools/faults');
    expect(html).toContain('<option value="[&#34;scope&#34;,&#34;refresh_token&#34;]" selected>');
    expect(html).toContain('<option value="single-use" selected>');
    expect(html.split('>changed<').length - 1).toBe(2);
    expect(await page('/tools/parts/alarm')).toContain('behaviour was changed');
  });

  test('an extension without a partner side gets a page that says so, and one that is down another', async () => {
    const path = '/organization/5f0d1c2b3a4e5d6c7b8a0001/extensions/test-extension';
    expect(await page(path)).toContain('id="extension-down"');
    const listener = createServer((_, response) => response.writeHead(404).end('{"message":"Not Found"}'));
    await once(listener.listen(0, '127.0.0.1'), 'listening');
    const { port } = listener.address() as { port: number };
    const own = await startPlatform({ extension: { ...extension, baseUrl: `http://127.0.0.1:${port}` } });
    const html = await (await fetch(own.origin + path)).text();
    expect(html).toContain('This extension has no partner side');
    expect(html).not.toContain('<iframe');
    await own.close();
    listener.closeAllConnections();
    listener.close();
  });

  test('by the name localhost it leads to its own address, so that it and the extension are different sites', async () => {
    const { port } = new URL(platform.origin);
    const answer = await fetch(`http://localhost:${port}/company/1/extensions/test-extension?a=b`, {
      headers: { accept: 'text/html' },
      redirect: 'manual',
    });
    expect(answer.headers.get('location')).toBe(`${platform.origin}/company/1/extensions/test-extension?a=b`);
  });
});
