import * as v from 'valibot';
import { type Call, serviceError } from './call.ts';
import { type Answer, json, jsonObject, type Route } from './http.ts';
import { paged } from './paging.ts';
import { RegistrationError, type Understood, understand } from './registration.ts';
import { sendEvent } from './send-event.ts';
import { refuseSignature } from './signature-check.ts';
import type { State } from './state.ts';
import { providers, type Subscriber, subscriberView } from './subscribers.ts';
import { eventConfigs, findEvent, slugOf } from './webhook-events.ts';
import { companies } from './world.ts';

const question = v.array(
  v.object({
    event_category: v.string(),
    event_name: v.string(),
    event_type: v.string(),
    version: v.pipe(
      v.union([v.string(), v.number()]),
      v.transform((value) => String(value)),
    ),
  }),
);

/** `query-event-details`: who asks needs no token. Events that do not exist are missing from the answer. */
export const eventDetailsRoute =
  (state: State): Route =>
  (httpClient) => {
    if (httpClient.path !== '/service/common/webhook/v1.0/events/query-event-details') return undefined;
    if (httpClient.method !== 'POST') return json(405, { message: 'Method not allowed' }, { allow: 'POST' });
    const refused = refuseSignature(state, httpClient);
    if (refused) return refused;
    try {
      const asked = v.parse(question, JSON.parse(httpClient.body.toString('utf8')));
      return json(200, { event_configs: asked.flatMap((one) => findEvent(slugOf(one)) ?? []) });
    } catch {
      return json(400, { message: 'The body is not a list of events' });
    }
  };

/** As the extension reads it: the official models know `active` and `inactive` alone. */
const shown = ({ settings }: State, subscriber: Subscriber): Record<string, unknown> => ({
  ...subscriberView(subscriber),
  ...(subscriber.status === 'blocked' ? { status: settings.webhooks.blockedAs } : {}),
});

const list = (state: State, httpClient: Call['httpClient'], company: string): Answer =>
  json(
    200,
    paged(
      state.subscribers.ofCompany(company).map((one) => shown(state, one)),
      httpClient,
    ),
  );

/** What the older versions refuse: a second subscriber of the same kind, or an update of one that is not there. */
function refuseOlder(
  state: State,
  { httpClient, tenant }: Call,
  { id, providers: asked }: Understood,
): Answer | undefined {
  const known = [...asked.keys()].map((provider) => state.subscribers.find(tenant.id, provider))[0];
  if (httpClient.method === 'POST') {
    return known && serviceError('webhook', 400, `There is a subscriber of this kind already: ${known.id}`);
  }
  return known && known.id === id ? undefined : serviceError('webhook', 404, 'No such subscriber');
}

function register(state: State, call: Call, version: 'v1' | 'v2' | 'v3'): Answer {
  const company = call.tenant.id;
  const storefronts = companies.get(company)?.applications.map(({ id }) => id) ?? [];
  const body = jsonObject(call.httpClient.body);
  const understood = understand(version, body, { company, storefronts, apiKey: state.extension.apiKey });
  const refused = version === 'v3' ? undefined : refuseOlder(state, call, understood);
  if (refused) return refused;
  for (const [provider, registration] of understood.providers) state.subscribers.put(company, provider, registration);
  if (version === 'v3') {
    for (const provider of providers) {
      if (!understood.providers.has(provider)) state.subscribers.deactivate(company, provider);
    }
  }
  if (state.settings.webhooks.pingOnRegistration && understood.providers.has('rest')) {
    sendEvent(state, company, { event: 'ping' });
  }
  const kept = state.subscribers.ofCompany(company);
  return json(
    200,
    version === 'v3'
      ? { status: true, message: 'Subscriber configuration saved', items: kept.map((one) => shown(state, one)) }
      : kept.filter(({ provider }) => understood.providers.has(provider)).map((one) => shown(state, one))[0],
  );
}

/** The webhook service: what the extension's own token registers, and a person's may see and change, too. */
export function answerWebhook(state: State, call: Call): Answer | undefined {
  const { httpClient, version, rest, tenant, user } = call;
  if (user !== null && state.settings.webhooks.onlineTokens === 'refused') {
    return serviceError('webhook', 403, 'Webhooks are registered with the offline token');
  }
  const address = rest.replace(/\/$/, '');
  if (httpClient.method === 'GET' && version === 'v1.0') {
    if (address === '/events') return json(200, { event_configs: eventConfigs });
    const lists = ['/subscriber', `/extension/${encodeURIComponent(state.extension.apiKey)}/subscriber`];
    if (lists.includes(address)) return list(state, httpClient, tenant.id);
    const one = state.subscribers.ofCompany(tenant.id).find(({ id }) => address === `/subscriber/${id}`);
    return one && json(200, shown(state, one));
  }
  const asked = (['v3', 'v2', 'v1'] as const).find((one) => version === `${one}.0`);
  if (address !== '/subscriber' || asked === undefined || !state.settings.webhooks.versions.includes(asked))
    return undefined;
  if (httpClient.method !== 'PUT' && (httpClient.method !== 'POST' || asked === 'v3')) return undefined;
  try {
    return register(state, call, asked);
  } catch (error) {
    if (error instanceof RegistrationError) return serviceError('webhook', 400, error.message);
    if (!v.isValiError(error)) throw error;
    const details = error.issues.map((one) => `${v.getDotPath(one) ?? 'body'}: ${one.message}`);
    return json(400, { message: `Validation failed: ${details.join('; ')}`, details });
  }
}
