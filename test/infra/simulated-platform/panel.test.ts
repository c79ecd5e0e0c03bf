import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, test } from 'vitest';
import { startPlatform } from '../../../infra/simulated-platform/platform.ts';
import { authorize, authorizePath, bearer, call, extension, onlineToken, platform } from './simulated.ts';

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
});
