import { expect, test } from 'vitest';
import { bodyOf, call, control, extension } from './simulated.ts';

const address = `/service/panel/partners/v1.0/extensions/details/${extension.apiKey}`;
const credential = Buffer.from(`${extension.apiKey}:${extension.apiSecret}`).toString('base64');
const json = { authorization: `Basic ${credential}`, 'content-type': 'application/json' };

test.each(['Basic', 'Bearer'])(
  'extension details are answered to the key and secret as %s, scopes by name',
  async (scheme) => {
    const answer = await call('GET', address, { authorization: `${scheme} ${credential}` });
    expect([answer.status, await answer.json()]).toMatchObject([
      200,
      { base_url: extension.baseUrl, scope: extension.scopes, extention_type: 'private' },
    ]);
  },
);

test('another secret is 401, another extension 404', async () => {
  const wrong = Buffer.from(`${extension.apiKey}:CANARY-other`).toString('base64');
  expect((await call('GET', address, { authorization: `Basic ${wrong}` })).status).toBe(401);
  expect((await call('GET', `${address}x`, json)).status).toBe(404);
});

test('the base URL can be set, which the panel then opens, until a reset', async () => {
  const changed = await call('PATCH', address, json, '{"base_url":"https://elsewhere.example/"}');
  expect([changed.status, await changed.json()]).toMatchObject([200, { base_url: 'https://elsewhere.example' }]);
  expect(await control('GET', '/world')).toMatchObject({ extension: { base_url: 'https://elsewhere.example' } });
  await control('POST', '/reset');
  expect(await bodyOf(await call('GET', address, json))).toMatchObject({ base_url: extension.baseUrl });
});

test.each(['{"base_url":"elsewhere"}', '{"base_url":7}', '[]', '{"base_url":"http://a.example/?b"}'])(
  'a base URL that is none is refused by its name: %s',
  async (body) => {
    const refused = await call('PATCH', address, json, body);
    expect([refused.status, (await bodyOf(refused))['message']]).toEqual([
      400,
      expect.stringMatching(/base_url|body/) as string,
    ]);
  },
);
