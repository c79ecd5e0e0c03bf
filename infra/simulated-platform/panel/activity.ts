import type { Delivery } from '../deliveries.ts';
import { type Answer, type HttpClient, page, redirect } from '../http.ts';
import { autoInstall } from '../lifecycle.ts';
import { sendEvent } from '../send-event.ts';
import type { State } from '../state.ts';
import { eventConfigs, slugOf } from '../webhook-events.ts';
import { companies } from '../world.ts';
import { callButton, callForm, fieldName } from './forms.ts';
import { escape } from './layout.ts';

const shown = 12;

function row({ id, created_at, event, state, attempts, note, event_id }: Delivery, next: string): string {
  const outcome = attempts.map(({ status, error }) => status ?? error).join(', ');
  const good = state === 'delivered' ? '' : state === 'failed' ? ' no' : ' wait';
  const again = callButton({ call: `POST /deliveries/${id}/again`, done: 'Sent again.', next }, 'Send again');
  return `<tr><td><code>${escape(event)}</code>${note === null ? '' : ` <span class="soft">${escape(note)}</span>`}<br><span class="soft">${escape(created_at.slice(11, 19))} · <code title="${escape(event_id)}">${escape(event_id.slice(0, 8))}</code></span></td>
<td><span class="badge${good}">${state}</span><br><span class="soft">${escape(outcome)}</span></td><td class="act">${again}</td></tr>`;
}

/** What the platform can do to this company's extension, and what it did. HTML without a page around it. */
function activityPart(state: State, company: string, path: string): string {
  const subscriber = state.subscribers.find(company, 'rest');
  const events = subscriber?.subscriptions.map(({ event }) => slugOf(event)) ?? [];
  const others = state.subscribers.ofCompany(company).filter(({ provider }) => provider !== 'rest');
  const button = (act: string, label: string) =>
    `<form method="post" action="${escape(path)}/${act}" data-call class="inline"><button id="${act}">${label}</button></form>`;
  const send = `<form method="post" action="${escape(path)}/events" data-call class="row"><select name="event" aria-label="Event">
${events.map((slug) => `<option>${escape(slug)}</option>`).join('')}<option>ping</option></select><button class="primary" id="send-event">Send this event</button></form>`;
  const deliveries = state.deliveries.list({ company }).slice(-shown).toReversed();
  const status = subscriber
    ? `Events go to <code class="breaks">${escape(subscriber.webhook_url ?? '')}</code> <span class="badge${subscriber.status === 'active' ? '' : ' no'}" id="subscriber">${subscriber.status}</span>`
    : 'The extension has not registered for any event of this company yet.';
  const block = callButton(
    {
      call: `POST /companies/${company}/block`,
      done: 'The subscriber is blocked: nothing is sent until it is active again.',
      next: path,
    },
    'Block',
    { id: 'block' },
  );
  return `<p class="soft">${status}${others.length === 0 ? '' : ` · also registered: ${others.map((one) => one.provider).join(', ')} (not simulated)`}</p>
<div class="row">${subscriber ? send : ''}${subscriber?.status === 'blocked' ? button('unblock', 'Unblock') : ''}${subscriber?.status === 'active' ? block : ''}${button('auto-install', 'Auto-install')}</div>
${
  deliveries.length === 0
    ? '<p class="soft">Nothing was sent yet. Changing a product sends an event, too.</p>'
    : `<table><caption class="unseen">Deliveries</caption><thead><tr><th scope="col">Event</th><th scope="col">Outcome</th><th scope="col"><span class="unseen">Action</span></th></tr></thead><tbody id="deliveries">${deliveries.map((one) => row(one, path)).join('')}</tbody></table>`
}`;
}

/** Any event, with a payload and a signature of one's choice. */
function editor(state: State, company: string, path: string): string {
  const subscribed = state.subscribers.find(company, 'rest')?.subscriptions.map(({ event }) => slugOf(event)) ?? [];
  const all = [...new Set([...subscribed, ...eventConfigs.map(slugOf), 'ping'])];
  const applications = companies.get(company)?.applications ?? [];
  const name = (type: Parameters<typeof fieldName>[0], field: string) => `name="${fieldName(type, field)}"`;
  return callForm(
    { call: `POST /companies/${company}/events`, done: 'Sent: {event_ids} {skipped}', next: path },
    `<div class="fields"><label>Event <select ${name('text', 'event')} id="editor-event">${all.map((slug) => `<option>${escape(slug)}</option>`).join('')}</select></label>
<label>Sales channel <select ${name('text', 'application_id')}><option value="">as the event needs it</option>${applications.map((one) => `<option value="${escape(one.id)}">${escape(one.name)}</option>`).join('')}</select></label>
<label>Signature <select ${name('text', 'tamper')}><option value="">valid</option><option value="signature">wrong: another secret</option><option value="unsigned">missing</option><option value="body">for another body</option></select></label>
<label>Subscribed or not <select ${name('boolean', 'force')}><option value="">only if subscribed</option><option value="true">send it all the same</option></select></label></div>
<label for="payload">Payload, as JSON</label><textarea id="payload" ${name('json', 'payload')} rows="6" spellcheck="false" placeholder="Empty: a sample"></textarea>
<div class="row"><button class="primary" id="send-edited">Send</button><button type="button" class="with-script" data-sample="/__control/companies/${company}/sample">Fill in a sample</button></div>`,
  );
}

/** The section of a company's extension page that shows webhooks. `path`: of that page. */
export const activitySection = (state: State, company: string, path: string): string =>
  `<section class="card wide" aria-labelledby="webhooks-title"><h2 id="webhooks-title">Webhooks and lifecycle calls</h2>
<div id="activity" data-part="${escape(path)}/activity">${activityPart(state, company, path)}</div>
<details class="editor"><summary>Any event, with a payload and a signature of your choice</summary>${editor(state, company, path)}</details></section>`;

async function act(state: State, httpClient: HttpClient, company: string, what: string): Promise<string> {
  if (what === 'auto-install')
    return `Auto-install: ${(await autoInstall(state, { kind: 'company', id: company })).notified}.`;
  if (what === 'unblock')
    return state.subscribers.unblock(company) ? 'The subscriber is active again.' : 'Nothing was blocked.';
  const event = new URLSearchParams(httpClient.body.toString('utf8')).get('event') ?? '';
  const registered = state.subscribers.find(company, 'rest')?.subscriptions.map(({ event }) => slugOf(event)) ?? [];
  if (event !== 'ping' && !registered.includes(event)) return 'The extension is not registered for that event.';
  const { skipped } = sendEvent(state, company, { event });
  return skipped === null ? `Sent ${event}.` : `Not sent: ${skipped}.`;
}

/** What the panel's buttons do, and the section by itself. `path`: of the extension page. */
export async function activityAnswer(
  state: State,
  httpClient: HttpClient,
  of: { company: string; path: string; what: string },
): Promise<Answer | undefined> {
  const { company, path, what } = of;
  if (what === 'activity')
    return httpClient.method === 'GET' ? page(200, activityPart(state, company, path)) : undefined;
  if (httpClient.method !== 'POST') return undefined;
  const said = await act(state, httpClient, company, what);
  const { accept } = httpClient.headers;
  if (accept === 'application/json') {
    return {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ok: true, said, call: '' }),
    };
  }
  return accept === 'text/plain'
    ? { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: said }
    : { ...redirect(`${path}?${new URLSearchParams({ notice: said }).toString()}`), status: 303 };
}

/** Whether this is a panel looking for news: neither recorded nor logged. */
export const isActivityPoll = ({ method, path }: Pick<HttpClient, 'method' | 'path'>): boolean =>
  method === 'GET' && /^\/company\/[^/]+\/extensions\/[^/]+\/activity$/.test(path);
