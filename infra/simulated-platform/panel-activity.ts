import type { Delivery } from './deliveries.ts';
import { type Answer, type HttpClient, page, redirect } from './http.ts';
import { escape } from './layout.ts';
import { autoInstall } from './lifecycle.ts';
import { sendEvent } from './send-event.ts';
import type { State } from './state.ts';
import { slugOf } from './webhook-events.ts';

const shown = 12;

function row({ created_at, event, state, attempts, note, event_id }: Delivery): string {
  const outcome = attempts.map(({ status, error }) => status ?? error).join(', ');
  const good = state === 'delivered' ? '' : state === 'failed' ? ' no' : ' wait';
  return `<tr><td class="soft">${escape(created_at.slice(11, 19))}</td><td><code>${escape(event)}</code>${note === null ? '' : ` <span class="soft">${escape(note)}</span>`}</td>
<td><span class="badge${good}">${state}</span></td><td class="soft">${escape(outcome)}</td><td class="soft"><code title="${escape(event_id)}">${escape(event_id.slice(0, 8))}</code></td></tr>`;
}

/** What the platform can do to this company's extension, and what it did. HTML without a page around it. */
function fragment(state: State, company: string, path: string): string {
  const subscriber = state.subscribers.find(company, 'rest');
  const events = subscriber?.subscriptions.map(({ event }) => slugOf(event)) ?? [];
  const others = state.subscribers.ofCompany(company).filter(({ provider }) => provider !== 'rest');
  const button = (act: string, label: string) =>
    `<form method="post" action="${escape(path)}/${act}"><button id="${act}">${label}</button></form>`;
  const send = `<form method="post" action="${escape(path)}/events" class="row"><select name="event" aria-label="Event">
${events.map((slug) => `<option>${escape(slug)}</option>`).join('')}<option>ping</option></select><button class="primary" id="send-event">Send this event</button></form>`;
  const deliveries = state.deliveries.list({ company }).slice(-shown).toReversed();
  const status = subscriber
    ? `Events go to <code>${escape(subscriber.webhook_url ?? '')}</code> <span class="badge${subscriber.status === 'active' ? '' : ' no'}" id="subscriber">${subscriber.status}</span>`
    : 'The extension has not registered for any event of this company yet.';
  return `<p class="soft">${status}${others.length === 0 ? '' : ` · also registered: ${others.map((one) => one.provider).join(', ')} (not simulated)`}</p>
<div class="row">${subscriber ? send : ''}${subscriber?.status === 'blocked' ? button('unblock', 'Unblock') : ''}<span class="push"></span>${button('auto-install', 'Auto-install')}</div>
${
  deliveries.length === 0
    ? '<p class="soft" style="margin-top:1rem">Nothing was sent yet. Changing a product sends an event, too.</p>'
    : `<table style="margin-top:1rem"><thead><tr><th>Time (UTC)</th><th>Event</th><th>Outcome</th><th>Answers</th><th>Id</th></tr></thead><tbody id="deliveries">${deliveries.map(row).join('')}</tbody></table>`
}`;
}

/** Keeps the section fresh and sends its forms without reloading the extension's frame. */
const script = `
const area = document.getElementById('activity'), said = document.getElementById('said');
let seen;
async function refresh() {
  const answer = await fetch(area.dataset.source).catch(() => undefined);
  const html = answer && answer.ok ? await answer.text() : seen;
  if (html === seen) return;
  const chosen = area.querySelector('select')?.value;
  area.innerHTML = seen = html;
  for (const option of area.querySelectorAll('option')) option.selected = option.value === chosen;
}
area.addEventListener('submit', async (event) => {
  event.preventDefault();
  const answer = await fetch(event.target.action, {
    method: 'POST', headers: { accept: 'text/plain' }, body: new URLSearchParams(new FormData(event.target)) });
  said.textContent = await answer.text();
  await refresh();
});
setInterval(() => document.hidden || refresh(), 2000);`;

/** The section of a company's extension page that shows webhooks. `path`: of that page. */
export const activitySection = (state: State, company: string, path: string): string =>
  `<section class="card" style="margin-top:1rem"><h2 style="margin-top:0">Webhooks and lifecycle calls</h2>
<p id="said" role="status"></p><div id="activity" data-source="${escape(path)}/activity">${fragment(state, company, path)}</div></section>
<script>${script}</script>`;

/** Whether this is a panel looking for news: neither recorded nor logged. */
export const isActivityPoll = ({ method, path }: Pick<HttpClient, 'method' | 'path'>): boolean =>
  method === 'GET' && /^\/company\/[^/]+\/extensions\/[^/]+\/activity$/.test(path);

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
  if (what === 'activity') return httpClient.method === 'GET' ? page(200, fragment(state, company, path)) : undefined;
  if (httpClient.method !== 'POST') return undefined;
  const notice = await act(state, httpClient, company, what);
  return httpClient.headers['accept'] === 'text/plain'
    ? { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: notice }
    : { ...redirect(`${path}?${new URLSearchParams({ notice }).toString()}`), status: 303 };
}
