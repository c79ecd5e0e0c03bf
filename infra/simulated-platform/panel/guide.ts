import { type Answer, type HttpClient, page } from '../http.ts';
import { type State, viewer } from '../state.ts';
import { slugOf } from '../webhook-events.ts';
import { type Tenant, tenantKey, type User } from '../world.ts';
import { callButton } from './forms.ts';
import { escape, panelPage } from './layout.ts';
import { extensionPath } from './paths.ts';

/** Something to try. `how`: what to click, as HTML; `why`: what there is to see in it. */
type Step = { title: string; how: string; why: string; done: boolean };

const becomes = (key: string, label: string, next: string): string =>
  `<form method="post" action="/signin" class="inline"><input type="hidden" name="user" value="${key}"><input type="hidden" name="next" value="${escape(next)}"><button>${label}</button></form>`;

/** The way through the access modes, with what is done already at this company. */
function steps(state: State, tenant: Tenant): Step[] {
  const { grants, log, deliveries, subscribers } = state;
  const path = extensionPath(state, tenant);
  const tokens = grants.tokensOf(tenant);
  const lines = log.list({ company: tenant.id });
  const expired = lines.findIndex(
    ({ what, request }) => what.includes('/tokens/expire') && request?.body.includes('online') === true,
  );
  const signedInAgain = expired >= 0 && lines.slice(expired).some(({ credential }) => credential?.kind === 'code');
  const installed = grants.isInstalled(tenant);
  const wasInstalled = installed || state.uninstalledAt.has(tenantKey(tenant));
  const subscribed = subscribers.find(tenant.id, 'rest')?.subscriptions[0]?.event;
  const event = subscribed ? slugOf(subscribed) : 'ping';
  const expire = (access_mode: string) =>
    callButton(
      {
        call: 'POST /tokens/expire',
        fixed: { company_id: tenant.id, access_mode },
        done: '{expired} tokens have expired.',
        next: path,
      },
      `Expire ${access_mode} access`,
    );
  const send = callButton(
    { call: `POST /companies/${tenant.id}/events`, fixed: { event }, done: 'Sent. {skipped}', next: path },
    'Send an event',
  );
  return [
    {
      title: 'Install as the owner, and allow',
      how: installed ? '' : `<a class="button" href="${escape(path)}?install_event=true">Install</a>`,
      why: 'The extension redeems one code twice. First for Asha’s <strong>online</strong> token: it carries what she may do, and ends with her session. Then for the company’s <strong>offline</strong> token: it works while nobody is there. An extension in online mode asks for the first only.',
      done: wasInstalled,
    },
    {
      title: 'Become Vikram, who may only see products',
      how: becomes('catalog', 'Become Vikram', path),
      why: 'Allow as Vikram. His online token carries <code>company/products</code> and no more: what he may not do answers 403. The company’s offline token is the same as before.',
      done: tokens.some(({ mode, user }) => mode === 'online' && user === 'catalog'),
    },
    {
      title: 'Let the online tokens expire, then open the extension again',
      how: expire('online'),
      why: 'A call with one answers 401 from now on. Open the extension again (at the top): it signs in once more, and nobody is asked, since Vikram agreed before.',
      done: signedInAgain,
    },
    {
      title: 'Send an event while nobody is at the screen',
      how: send,
      why: 'The platform calls the extension. There is no person, so there is no online token: the work is done with the company’s offline token.',
      done: deliveries.list({ company: tenant.id, state: 'delivered' }).length > 0,
    },
    {
      title: 'Let the offline token expire, and send another',
      how: `${expire('offline')} ${send}`,
      why: 'Before the extension works it gets a new access token with the refresh token. However many events come at once, one refresh is enough: count them in the log.',
      done: lines.some(({ kind, credential }) => kind === 'token' && credential?.kind === 'offline refresh token'),
    },
    {
      title: 'Uninstall',
      how: installed ? '<span class="soft">The button is at the top of the company’s page.</span>' : '',
      why: 'Every token of the company stops working at once, and the extension is told, at best. Whether it believes an unsigned call is a question worth asking.',
      done: state.uninstalledAt.has(tenantKey(tenant)),
    },
  ];
}

/** The next thing to try at this company. */
export function guidePart(state: State, tenant: Tenant, _user?: User): string {
  const all = steps(state, tenant);
  const next = all.findIndex(({ done }) => !done);
  const step = all[next];
  if (!step)
    return '<details class="guide"><summary>Try this: all done</summary><p>You have seen both access modes. <a href="/tools/guide">All steps</a></p></details>';
  return `<details class="guide" open><summary>Try this, ${next + 1} of ${all.length}: ${step.title}</summary><p>${step.why}</p><div class="row">${step.how}<a href="/tools/guide">All steps</a></div></details>`;
}

/** All steps, at the company where somebody began, else at company 1. */
export function guidePage(state: State, httpClient: HttpClient): Answer {
  const begun = [...state.uninstalledAt.keys(), ...state.lastViewer.keys()].find((key) => /^\d+$/.test(key));
  const tenant: Tenant = { kind: 'company', id: begun ?? '1' };
  const items = steps(state, tenant).map(
    ({ title, how, why, done }) =>
      `<li${done ? ' class="done"' : ''}><h2>${title}${done ? ' <span class="badge">done</span>' : ''}</h2><p>${why}</p><div class="row">${how}</div></li>`,
  );
  const main = `<h1>Access modes in five minutes</h1><p>An extension acts in two ways: for a person who is there (<strong>online</strong>), and for the company when nobody is (<strong>offline</strong>). Click through, and watch <em>What happens</em> beside the extension.</p>
<ol class="steps">${items.join('')}</ol><p><a class="button primary" href="${escape(extensionPath(state, tenant))}">Go to company ${escape(tenant.id)}</a></p>`;
  const user = viewer(state, httpClient.headers['cookie']);
  return page(200, panelPage(state, { title: 'Guide', user, here: '/tools/guide', main, column: true }));
}
