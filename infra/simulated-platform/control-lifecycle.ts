import * as v from 'valibot';
import { bodyOf, type Control, ControlError, companyOf, userOf, wholeNumber } from './control-call.ts';
import type { DeliveryFilter } from './deliveries.ts';
import { type Answer, type HttpClient, json } from './http.ts';
import { autoInstall, notifyUninstall, uninstallTenant } from './lifecycle.ts';
import { samplePayload } from './sample-payload.ts';
import { eventParts, sendEvent, tamperings } from './send-event.ts';
import { lifecycleSignatures } from './settings.ts';
import type { State } from './state.ts';
import { subscriberView } from './subscribers.ts';
import { findEvent } from './webhook-events.ts';
import { findTenant, type Tenant, tenantKey } from './world.ts';

const milliseconds = v.pipe(v.number(), v.integer(), v.minValue(0));
const uninstallSchema = v.strictObject({
  /** Also call the extension. Implied by everything below. */
  notify: v.optional(v.boolean()),
  signed: v.optional(v.picklist(lifecycleSignatures)),
  /** How long after the uninstall the extension is called. */
  delay_ms: v.optional(milliseconds),
  /** Only call, with the date of the last uninstall: nothing is revoked now. */
  late: v.optional(v.boolean(), false),
  /** Only call: a forged uninstall. */
  notify_only: v.optional(v.boolean(), false),
});
const autoInstallSchema = v.strictObject({
  /** Sent instead of a fresh one. */
  code: v.optional(v.string()),
  user: v.optional(v.string()),
  scopes: v.optional(v.array(v.string())),
});
const eventSchema = v.strictObject({
  event: v.string(),
  application_id: v.optional(v.string()),
  payload: v.optional(v.unknown()),
  id: v.optional(v.string()),
  created_at_ms: v.optional(milliseconds),
  times: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)), 1),
  duplicate: v.optional(v.boolean()),
  tamper: v.optional(v.picklist(tamperings)),
  secret: v.optional(v.string()),
  force: v.optional(v.boolean()),
  raw: v.optional(v.string()),
  raw_base64: v.optional(v.string()),
});

/** Uninstalls, tells the extension of it, or both. */
export async function controlUninstall(
  state: State,
  httpClient: HttpClient,
  kind: Tenant['kind'],
  name: string,
): Promise<Answer> {
  const tenant = findTenant(kind, name);
  if (!tenant) throw new ControlError(kind, `There is no such ${kind}`);
  const { notify, signed, delay_ms, late, notify_only } = bodyOf(httpClient, uninstallSchema);
  const before = state.uninstalledAt.get(tenantKey(tenant));
  if (late && !before) throw new ControlError('late', 'It was never uninstalled');
  const uninstalls = !late && !notify_only;
  if (uninstalls) uninstallTenant(state, tenant);
  const tells = notify ?? (!uninstalls || signed !== undefined || delay_ms !== undefined);
  const how = {
    signed,
    ...(delay_ms === undefined ? {} : { delayMs: delay_ms }),
    ...(late && before ? { at: before } : {}),
  };
  return json(200, { uninstalled: uninstalls, notified: tells ? await notifyUninstall(state, tenant, how) : null });
}

/** Installs by the platform's own call, and answers what the extension answered. */
export const controlAutoInstall: Control = async (state, httpClient, company) => {
  companyOf(company);
  const given = bodyOf(httpClient, autoInstallSchema);
  if (given.user !== undefined) userOf(state, given.user);
  return json(200, await autoInstall(state, { kind: 'company', id: company }, given));
};

/** Makes events and starts their deliveries. */
export const controlEvents: Control = (state, httpClient, company) => {
  const { times, raw, raw_base64, ...wish } = bodyOf(httpClient, eventSchema);
  const found = companyOf(company);
  if (!eventParts(wish.event)) throw new ControlError('event', 'event is not category/name/type/vN and not ping');
  if (wish.event !== 'ping' && wish.force !== true && !findEvent(wish.event))
    throw new ControlError('event', `There is no event ${wish.event}; force sends it all the same`);
  if (wish.application_id !== undefined && !found.applications.some(({ id }) => id === wish.application_id))
    throw new ControlError('application_id', 'This company has no such application');
  if (wish.id !== undefined && times > 1) throw new ControlError('id', 'id names one event, not several');
  const bytes = raw_base64 === undefined ? raw : Buffer.from(raw_base64, 'base64');
  const body = bytes === undefined ? undefined : Buffer.from(bytes);
  const sent = Array.from({ length: times }, () => sendEvent(state, company, { ...wish, raw: body }));
  return json(202, {
    event_ids: sent.map(({ event_id }) => event_id),
    deliveries: sent.flatMap(({ deliveries }) => deliveries),
    skipped: sent[0]?.skipped ?? null,
  });
};

/** The deliveries that fit the query; with `at_least`, once there are so many: 504 when `timeout_ms` is over before. */
export const controlDeliveries: Control = async (state, httpClient) => {
  const { query } = httpClient;
  const filter: DeliveryFilter = {};
  for (const name of ['event', 'event_id', 'company', 'note'] as const) {
    const value = query.get(name === 'company' ? 'company_id' : name);
    if (value !== null) filter[name] = value;
  }
  const wanted = query.get('state');
  if (wanted !== null) {
    const known = (['sending', 'retrying', 'delivered', 'failed'] as const).find((one) => one === wanted);
    if (!known) throw new ControlError('state', 'There is no such state');
    filter.state = known;
  }
  const atLeast = wholeNumber(httpClient, 'at_least', 0);
  const { found, reached } = await state.deliveries.watch(
    filter,
    atLeast,
    wholeNumber(httpClient, 'timeout_ms', 10_000),
  );
  return json(reached ? 200 : 504, found);
};

/** Who is subscribed, as the platform shows it to the extension, and what is disabled. */
export const controlSubscribers: Control = ({ subscribers }, { query }) => {
  const company = query.get('company_id');
  return json(
    200,
    subscribers
      .all()
      .filter((one) => company === null || one.company === company)
      .map((one) => ({ ...subscriberView(one), company: one.company, disabled_events: [...one.disabled] })),
  );
};

/** Blocks a company's subscribers, as after an event that could not be delivered at all. */
export const controlBlock: Control = ({ subscribers }, _httpClient, company) =>
  json(200, { blocked: subscribers.blockCompany(companyOf(company).id) });

/** Posts the bytes of an earlier delivery again. */
export const controlRepeat: Control = ({ deliveries }, _httpClient, name) => {
  const again = /^\d{1,15}$/.test(name) ? deliveries.repeat(Number(name)) : undefined;
  if (!again) throw new ControlError('delivery', `There is no delivery ${name}`);
  return json(202, again);
};

/** What an event of this name could say about the company. */
export const controlSample: Control = (state, { query }, company) => {
  const { id: known } = companyOf(company);
  const parts = eventParts(query.get('event') ?? '');
  if (!parts) throw new ControlError('event', 'event is not category/name/type/vN and not ping');
  const application = query.get('application_id') ?? undefined;
  return json(200, samplePayload(state, known, { event_name: parts.name, event_type: parts.type }, application));
};
