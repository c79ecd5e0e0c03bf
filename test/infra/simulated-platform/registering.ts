import { bearer, bodyOf, call, control, extension, type Json, newCode, redeemOffline } from './simulated.ts';

/** Installs for a company and gives its offline token. */
export async function offlineToken(company = '1'): Promise<string> {
  const answer = await bodyOf(await redeemOffline(`company/${company}`, await newCode('owner', company)));
  return String(answer['access_token']);
}

export const product = (type: string, version = '1') => ({
  event_category: 'company',
  event_name: 'product',
  event_type: type,
  version,
});

/** The v3 body as the official library makes it, with changes. */
export const v3Body = (changes: Json = {}, eventMap: Json = {}) => ({
  webhook_config: {
    notification_email: 'hello@extension.example',
    name: extension.apiKey,
    association: { extension_id: extension.apiKey, application_id: [], criteria: 'ALL' },
    status: 'active',
    event_map: {
      rest: {
        webhook_url: `${extension.baseUrl}/api/webhook-events`,
        auth_meta: { type: 'hmac', secret: extension.apiSecret },
        events: [product('update'), product('create')],
      },
      ...eventMap,
    },
    ...changes,
  },
});

export const subscriberPath = (version: string, company = '1') =>
  `/service/platform/webhook/${version}.0/company/${company}/subscriber`;
export const listPath = (company = '1', apiKey = extension.apiKey) =>
  `/service/platform/webhook/v1.0/company/${company}/extension/${apiKey}/subscriber`;

export const send = (token: string, method: string, path: string, body?: unknown) =>
  call(
    method,
    path,
    { ...bearer(token), 'content-type': 'application/json' },
    body === undefined ? undefined : JSON.stringify(body),
  );

/** Registers product updates and creations of a company with v3; gives the offline token. */
export async function registered(body: unknown = v3Body(), company = '1'): Promise<string> {
  const token = await offlineToken(company);
  const answer = await send(token, 'PUT', subscriberPath('v3', company), body);
  if (!answer.ok) throw new Error(await answer.text());
  return token;
}

export type Shown = {
  id: number;
  event: string;
  event_id: string;
  state: string;
  note: string | null;
  attempts: { status: number | null; error: string | null }[];
};

/** The deliveries that fit, once there are so many. */
export const deliveries = async (query: Record<string, string>): Promise<Shown[]> =>
  (await control('GET', `/deliveries?${new URLSearchParams(query).toString()}`)) as unknown as Shown[];
