import type { Asking } from './authorize.ts';
import { escape, layout } from './layout.ts';
import { holds } from './scopes.ts';
import type { State } from './state.ts';
import { tenantName, type User } from './world.ts';

const badge = (scope: string, held: boolean): string =>
  `<span class="badge${held ? '' : ' no'}">${held ? '✓' : '✗'} ${escape(scope)}</span>`;

/** Asks a person whether the extension may have what it asks for, and lets the person say who they are. */
export function consentPage(state: State, asking: Asking, chosen: User, query: URLSearchParams): string {
  const { tenant, scopes } = asking;
  const hidden = [...query]
    .map(([name, value]) => `<input type="hidden" name="${escape(name)}" value="${escape(value)}">`)
    .join('');
  const members = state.users.membersOf(tenant);
  const people = members.map((user) => {
    const held = state.users.permissions(user, tenant) ?? [];
    return `<li><label class="choice"><input type="radio" name="user" value="${escape(user.key)}"${user.key === chosen.key ? ' checked' : ''}>
<span>${escape(`${user.first_name} ${user.last_name}`)} <span class="soft">${escape(user.role)}</span><br>
${scopes.map((scope) => badge(scope, holds(held, scope))).join(' ')}</span></label></li>`;
  });
  return layout(
    'Allow this extension?',
    `<main class="narrow"><div class="card"><h1>Allow this extension?</h1>
<p class="soft">For <strong>${escape(tenantName(tenant))}</strong> · it will return to <code>${escape(new URL(asking.redirectUri).origin)}</code></p>
<h2>It asks for</h2><ul class="plain" id="scopes">${scopes.map((scope) => `<li><code>${escape(scope)}</code></li>`).join('')}</ul>
<form method="post" action="?" id="consent">${hidden}
<h2>Who are you?</h2><ul class="plain">${people.join('')}</ul>
<p class="soft">The extension gets no more than the person may do.</p>
<div class="row"><button class="primary" id="allow" name="decision" value="allow">Allow</button>
<button id="deny" name="decision" value="deny">Deny</button></div></form></div></main>`,
  );
}
