import { describe, expect, test } from 'vitest';
import { send } from '../local/fixture/send.ts';
import { control, onlineToken, platform } from './simulated.ts';

const port = () => new URL(platform.origin).port;
const ask = async (target: string, headers: Record<string, string>, method = 'GET', body?: string) =>
  (await send(platform.origin, target, { method, headers, ...(body !== undefined && { body }) })).status;
const json = { 'content-type': 'application/json' };
const uninstall = '/company/1/extensions/test-extension/uninstall';

describe('the platform', () => {
  test('answers to the names of loopback at its port, and to no other', async () => {
    for (const target of ['/', '/__control/world', '/service/nothing']) {
      for (const host of [`localhost:${port()}`, `[::1]:${port()}`, `LocalHost:${port()}`]) {
        expect(await ask(target, { host })).not.toBe(403);
      }
      for (const host of [`evil.example:${port()}`, 'localhost', '127.0.0.1:1', `localhost.evil.example:${port()}`]) {
        expect(await ask(target, { host })).toBe(403);
      }
    }
  });

  test('does nothing that a page of another site asks for', async () => {
    const { access_token: token } = await onlineToken();
    expect(token).toBeDefined();
    const foreign = [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'cross-site', origin: platform.origin },
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `http://localhost:${Number(port()) + 1}` },
    ];
    for (const headers of foreign) {
      expect(await ask('/__control/reset', { ...headers, ...json }, 'POST')).toBe(403);
      expect(await ask('/__control/settings', headers, 'DELETE')).toBe(403);
      expect(await ask('/__control/world', headers)).toBe(403);
      expect(await ask(uninstall, headers, 'POST')).toBe(403);
      expect(await ask('/signin', headers, 'POST', 'user=orders')).toBe(403);
      // Links from elsewhere lead here, as the redirect to the consent page does.
      expect(await ask('/', headers)).toBe(200);
    }
    const { companies } = await control('GET', '/world');
    expect(companies).toContainEqual(expect.objectContaining({ id: '1', installed: false }));
    const own = [
      { 'sec-fetch-site': 'same-origin', origin: 'null' },
      { 'sec-fetch-site': 'none' },
      { origin: platform.origin },
      { origin: `http://localhost:${port()}` },
      {},
    ];
    for (const headers of own) {
      expect(await ask('/__control/reset', headers, 'POST')).toBe(200);
      expect(await ask('/signin', headers, 'POST', 'user=orders')).toBe(303);
    }
  });
});

test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/jsonp', undefined])(
  'a control call whose body is of type %s is none',
  async (type) => {
    const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
    expect(await ask('/__control/settings', headers, 'PUT', '{"etag":false}')).toBe(415);
    expect(await control('GET', '/settings')).toMatchObject({ etag: true });
    const utf8 = { 'content-type': 'application/json; charset=utf-8' };
    expect(await ask('/__control/settings', utf8, 'PUT', '{"etag":false}')).toBe(200);
  },
);
