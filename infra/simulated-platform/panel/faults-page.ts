import { type Answer, type HttpClient, page } from '../http.ts';
import { disturbable, faultKinds } from '../service-faults.ts';
import { defaultSettings, type Settings } from '../settings.ts';
import { type State, viewer } from '../state.ts';
import { callButton, callForm, fieldName } from './forms.ts';
import { escape, panelPage } from './layout.ts';

const here = '/tools/faults';

type Choice = {
  path: string;
  label: string;
  type: 'text' | 'boolean' | 'number' | 'json';
  options: Record<string, string>;
};
const yesNo = { true: 'yes', false: 'no' };
const choice = (path: string, label: string, options: Record<string, string>): Choice => ({
  path,
  label,
  type: 'text',
  options,
});
const whether = (path: string, label: string): Choice => ({ path, label, type: 'boolean', options: yesNo });
const amount = (path: string, label: string): Choice => ({ path, label, type: 'number', options: {} });

/** The switches for what nobody knows of the real platform, or what goes wrong there. */
const groups: readonly [title: string, id: string, choices: readonly Choice[]][] = [
  [
    'Signing in',
    'signing-in',
    [
      choice('consent', 'When the person is asked', {
        ask: 'the person decides',
        refuse: 'consent is refused at once',
      }),
      choice('onlineCurrentUser', 'Online tokens name their person', {
        present: 'yes',
        null: 'no: current_user is null',
      }),
      choice('pkce', 'A code challenge is', {
        ignored: 'ignored',
        enforced: 'enforced',
        refused: 'refused as unknown',
      }),
      whether('enforceCodeCompany', 'Codes work at their own company only'),
    ],
  ],
  [
    'Tokens',
    'tokens',
    [
      choice('refresh.mode', 'A refresh token, once used', {
        reuse: 'stays the same',
        rotate: 'is followed by another; the old one works on',
        'single-use': 'works once',
        'revoke-family': 'works once; used again, it ends the grant',
      }),
      {
        path: 'omit',
        label: 'Token answers lack',
        type: 'json',
        options: {
          '[]': 'nothing',
          '["refresh_token"]': 'the refresh token, offline too',
          '["expires_in"]': 'their lifetime',
        },
      },
      whether('onlineRefreshToken', 'Online tokens come with a refresh token'),
      amount('accessTokenSeconds', 'Online access tokens live, in seconds'),
      amount('offlineTokenSeconds', 'Offline access tokens live, in seconds'),
      choice('invalidGrant', 'A refused refresh is', {
        oauth: '400 invalid_grant (RFC 6749)',
        message: '400 with a message',
        unauthorized: '401',
        'error-in-200': '200 with an error in it',
      }),
    ],
  ],
  [
    'Calls and clocks',
    'calls',
    [
      whether('enforceSignature', 'A wrong or missing signature is refused'),
      choice('refusalBody', 'A 401 or 403 of the Platform API is', { json: 'JSON', html: 'HTML', empty: 'empty' }),
      amount('clockSkewSeconds', 'The platform’s clock is ahead, in seconds (negative: behind)'),
      choice('lifecycleSignature', 'The call to /fp/uninstall is', {
        none: 'not signed',
        webhook: 'signed like a webhook',
        v2: 'signed like a storefront call',
        wrong: 'signed with another secret',
      }),
    ],
  ],
  [
    'Webhooks',
    'webhooks',
    [
      choice('webhooks.onlineTokens', 'A person’s online token at the webhook service is', {
        accepted: 'accepted',
        refused: 'refused with 403',
      }),
      choice('webhooks.companyIdAs', 'company_id is', { number: 'a number', string: 'a string' }),
      choice('webhooks.applicationIdAs', 'application_id is', { string: 'a string', array: 'a list' }),
      whether('webhooks.pingOnRegistration', 'A registration is tried with a ping'),
    ],
  ],
];

function valueAt(settings: Settings, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], settings);
}

const inWords = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

function field(settings: Settings, { path, label, type, options }: Choice): string {
  const value = inWords(valueAt(settings, path));
  const usual = inWords(valueAt(defaultSettings(), path));
  // What a control call chose stays chosen, though it is not offered here.
  const offered = value in options ? options : { [value]: value, ...options };
  const name = escape(fieldName(type, path));
  const changed = value === usual ? '' : ' <span class="badge wait">changed</span>';
  const control =
    type === 'number'
      ? `<input type="number" name="${name}" value="${escape(value)}" required>`
      : `<select name="${name}">${Object.entries(offered)
          .map(
            ([key, text]) =>
              `<option value="${escape(key)}"${key === value ? ' selected' : ''}>${escape(text)}</option>`,
          )
          .join('')}</select>`;
  return `<label>${escape(label)}${changed} ${control}</label>`;
}

/** The faults that are on. */
export function faultsPart({ interceptions }: State): string {
  const on = interceptions.faults();
  if (on.length === 0) return '<p class="soft" id="no-faults">Every service works.</p>';
  const rows = on.map(({ id, match, left, label }) => {
    const off = callButton({ call: `DELETE /faults/${id}`, done: 'Switched off.', next: here }, 'Switch off');
    return `<tr><td>${escape(label ?? `${match.method ?? ''} ${match.path}`)}<br><span class="soft">${left === null ? 'until switched off' : `${left} more ${left === 1 ? 'time' : 'times'}`}</span></td><td class="act">${off}</td></tr>`;
  });
  return `<table id="faults"><caption class="unseen">Faults that are on</caption><thead><tr><th scope="col">Fault</th><th scope="col"><span class="unseen">Action</span></th></tr></thead><tbody>${rows.join('')}</tbody></table>
${callButton({ call: 'DELETE /faults', done: 'Every service works again.', next: here }, 'Switch all off')}`;
}

/** Schedules of the extension, where its runtime has said that it can run them. */
export function schedulesPart({ runtime }: State): string {
  if (!runtime) {
    return '<p class="soft">No runtime of the extension has said that it is there. <code>npm start</code> does so by itself; any other program may, by <code>PUT /__control/runtime</code>.</p>';
  }
  if (runtime.schedules.length === 0) return '<p class="soft">The extension has no schedules.</p>';
  const buttons = runtime.schedules.map((name) =>
    callButton(
      { call: `POST /schedules/${name}/run`, done: `The schedule ${name} was told to run.`, next: here },
      `Run ${name} now`,
      { id: `run-${name}` },
    ),
  );
  return `<p class="soft">As if the night had come.</p><div class="row">${buttons.join('')}</div>`;
}

/** What can go wrong, as switches. */
export function faultsPage(state: State, httpClient: HttpClient): Answer {
  const { settings } = state;
  const options = (of: Record<string, string>) =>
    Object.entries(of)
      .map(([value, label]) => `<option value="${value}">${escape(label)}</option>`)
      .join('');
  const kinds = Object.fromEntries(Object.entries(faultKinds).map(([kind, { label }]) => [kind, label]));
  const names: Record<string, string> = {
    all: 'every call of the extension’s servers',
    token: 'the token addresses',
    authorize: 'the authorize page',
  };
  const services = Object.fromEntries(disturbable.map((name) => [name, names[name] ?? name]));
  const addFault = callForm(
    { call: 'POST /faults', done: 'Switched on.', next: here },
    `<div class="fields"><label>Service <select name="${fieldName('text', 'service')}" id="fault-service">${options(services)}</select></label>
<label>What goes wrong <select name="${fieldName('text', 'kind')}" id="fault-kind">${options(kinds)}</select></label>
<label>How often <select name="${fieldName('number', 'times')}">${options({ '1': 'once', '3': '3 times', '': 'until switched off' })}</select></label></div><button class="primary" id="add-fault">Switch on</button>`,
  );
  const cards = groups.map(
    ([title, id, choices]) =>
      `<section class="card" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>${callForm({ call: 'PUT /settings', done: `${title}: changed.`, next: here }, `<div class="fields one">${choices.map((one) => field(settings, one)).join('')}</div><button>Apply</button>`)}</section>`,
  );
  const again = [
    callButton(
      { call: 'DELETE /settings', done: 'The platform behaves as at the start.', next: here },
      'Back to the usual behaviour',
      { id: 'usual' },
    ),
    callButton(
      { call: 'POST /reset', done: 'Everything is as at the start: nothing is installed.', next: here },
      'Reset everything',
      { kind: 'danger', id: 'reset' },
    ),
  ];
  const main = `<h1>Faults</h1><p class="soft">What can go wrong at the platform, and what nobody knows of the real one. Each switch is an HTTP call as well: it is shown when you use it.</p>
<div class="cards"><section class="card" aria-labelledby="now-title"><h2 id="now-title">Services</h2>${addFault}<div data-part="/tools/parts/faults">${faultsPart(state)}</div></section>
${cards.join('')}<section class="card" aria-labelledby="schedules-title"><h2 id="schedules-title">Schedules</h2><div data-part="/tools/parts/schedules">${schedulesPart(state)}</div></section>
<section class="card" aria-labelledby="again-title"><h2 id="again-title">Begin again</h2><p class="soft">A reset forgets tokens, people, subscribers and the log. The extension is not told.</p><div class="row">${again.join('')}</div></section></div>`;
  const { query, headers } = httpClient;
  const user = viewer(state, headers['cookie']);
  return page(200, panelPage(state, { title: 'Faults', user, here, main, notice: query.get('notice') }));
}
