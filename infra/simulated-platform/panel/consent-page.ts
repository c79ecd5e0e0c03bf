import type { Asking } from '../authorize.ts';
import { holds } from '../scopes.ts';
import type { State } from '../state.ts';
import { tenantName, type User } from '../world.ts';
import { escape, layout } from './layout.ts';

/** What this person cannot give of what is asked for. */
function shortfall(scopes: readonly string[], held: readonly string[]): string {
  const lacking = scopes.filter((scope) => !holds(held, scope));
  if (lacking.length === 0) return '<span class="badge">may do all of it</span>';
  return `<span class="badge no">lacks ${lacking.length === scopes.length ? 'all of it' : escape(lacking.join(', '))}</span>`;
}

/** Asks a person whether the extension may have what it asks for, and lets the person say who they are. */
export function consentPage(state: State, asking: Asking, chosen: User, query: URLSearchParams): string {
  const { tenant, scopes, mode } = asking;
  const hidden = [...query]
    .map(([name, value]) => `<input type="hidden" name="${escape(name)}" value="${escape(value)}">`)
    .join('');
  const people = state.users.membersOf(tenant).map((user) => {
    const held = state.users.permissions(user, tenant) ?? [];
    return `<li><label class="choice"><input type="radio" name="user" value="${escape(user.key)}"${user.key === chosen.key ? ' checked' : ''}>
<span>${escape(`${user.first_name} ${user.last_name}`)} <span class="soft">${escape(user.role)}</span> ${shortfall(scopes, held)}</span></label></li>`;
  });
  return layout(
    'Allow this extension?',
    `<main class="narrow consent"><form method="post" action="?" id="consent">${hidden}<div class="card"><h1>Allow this extension?</h1>
<p class="soft">For <strong>${escape(tenantName(tenant))}</strong> · ${mode} access · it returns to <code>${escape(new URL(asking.redirectUri).origin)}</code></p>
<h2>It asks for</h2><ul class="scopes" id="scopes">${scopes.map((scope) => `<li><code>${escape(scope)}</code></li>`).join('')}</ul>
<fieldset class="people"><legend>Who are you?</legend><ul class="plain">${people.join('')}</ul></fieldset>
<p class="soft">The extension gets no more than the person may do.</p></div>
<div class="row decide"><button class="primary" id="allow" name="decision" value="allow">Allow</button>
<button id="deny" name="decision" value="deny">Deny</button></div></form></main>`,
  );
}
