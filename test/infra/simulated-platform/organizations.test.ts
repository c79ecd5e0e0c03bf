import { describe, expect, test } from 'vitest';
import {
  authorize,
  authorizePath,
  bearer,
  bodyOf,
  call,
  control,
  extension,
  type Json,
  locationOf,
  redeem,
  redeemOffline,
} from './simulated.ts';

const organization = '5f0d1c2b3a4e5d6c7b8a0001';
const other = '5f0d1c2b3a4e5d6c7b8a0002';
const at = (service: string, path: string, id = organization) =>
  `/service/partner/${service}/v1.0/organization/${id}${path}`;
const code = async () => String((await control('POST', '/codes', { organization_id: organization }))['code']);

describe('an organization', () => {
  test('is authorized at its own address, comes back with its own id, and redeems there', async () => {
    await control('PUT', '/settings', { autoApprove: { user: 'owner' } });
    const path = authorizePath(`organization/${organization}`, { redirect_uri: `${extension.baseUrl}/adm/auth` });
    const back = locationOf(await authorize(path));
    expect([back.pathname, back.searchParams.get('organization_id'), back.searchParams.has('company_id')]).toEqual([
      '/adm/auth',
      organization,
      false,
    ]);
    const given = back.searchParams.get('code') ?? '';
    expect((await redeem('company/1', given)).status).toBe(400);
    expect((await redeem(`organization/${other}`, given)).status).toBe(400);
    const tokens = await bodyOf(await redeem(`organization/${organization}`, given));
    expect(tokens).toMatchObject({ access_mode: 'online', current_user: { first_name: 'Asha' } });
    expect((await redeemOffline(`organization/${organization}`, given)).status).toBe(200);
  });

  test('has themes, tickets and subscribers, and neither another’s nor a company’s', async () => {
    const { access_token } = await bodyOf(await redeemOffline(`organization/${organization}`, await code()));
    const ask = async (path: string) => call('GET', path, bearer(access_token));
    const themes = (await bodyOf(await ask(at('theme', '/themes')))) as { themes: Json[] };
    const [theme] = themes.themes;
    expect(await bodyOf(await ask(at('theme', `/theme/${String(theme?.['_id'])}`)))).toEqual(theme);
    const tickets = (await bodyOf(await ask(at('lead', '/ticket')))) as { items: Json[] };
    expect(await bodyOf(await ask(at('lead', `/ticket/${String(tickets.items[0]?.['_id'])}`)))).toEqual(
      tickets.items[0],
    );
    const subscribers = await ask(at('webhook', `/extension/${extension.apiKey}/subscriber/`));
    expect([subscribers.status, await subscribers.json()]).toMatchObject([200, { items: [] }]);
    expect((await ask(at('theme', '/themes', other))).status).toBe(403);
    expect((await ask('/service/platform/catalog/v1.0/company/1/products/')).status).toBe(403);
    expect((await ask(at('theme', '/nothing'))).status).toBe(404);
    expect((await ask(at('theme', '/themes').replace('partner', 'platform'))).status).toBe(404);
  });
});
