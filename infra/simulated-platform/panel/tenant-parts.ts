import type { State } from '../state.ts';
import type { Tenant } from '../world.ts';
import { callButton } from './forms.ts';
import { escape } from './layout.ts';
import { extensionPath } from './paths.ts';

/** What the extension is to a tenant now, and what can be done about it. */
export function statePart(state: State, tenant: Tenant): string {
  const path = escape(extensionPath(state, tenant));
  const grant = state.grants.installation(tenant);
  if (!state.grants.isInstalled(tenant)) {
    return `<span class="badge quiet" id="not-installed">not installed</span><a class="button primary" id="install" href="${path}?install_event=true">Install</a>`;
  }
  const offline =
    grant === undefined
      ? '<span class="badge quiet">no offline token</span>'
      : grant.ended
        ? '<span class="badge no">offline grant revoked</span>'
        : '';
  return `<span class="badge" id="installed">installed</span>${offline}<a class="button primary" id="open" href="${path}">Open</a>
<form method="post" action="${path}/uninstall" class="inline"><button class="danger" id="uninstall">Uninstall</button></form>`;
}

const ago = (at: number | null): string => {
  if (at === null) return 'lives as long as its grant';
  const left = Math.round((at - Date.now()) / 1000);
  return left > 90 ? `${Math.round(left / 60)} min left` : `${left} s left`;
};

/** The tokens of a tenant, and how they end. */
export function tokensPart(state: State, tenant: Tenant): string {
  const all = state.grants.tokensOf(tenant);
  const rows = all.slice(0, 12).map(({ kind, mode, user, scopes, last_four, state: worth, expires_at_ms }) => {
    const who = user === null ? `the ${tenant.kind}` : user;
    return `<tr><td><strong>${mode}</strong> ${kind} <code>…${escape(last_four)}</code><br><span class="soft">of ${escape(who)}: ${escape(scopes.join(', ') || 'no scope')}</span></td>
<td><span class="badge${worth === 'live' ? '' : worth === 'used' ? ' wait' : ' no'}">${worth}</span><br><span class="soft">${worth === 'live' ? ago(expires_at_ms) : ''}</span></td></tr>`;
  });
  if (rows.length === 0) return '<p class="soft">No token was given out yet.</p>';
  const fixed = { [`${tenant.kind}_id`]: tenant.id };
  const next = extensionPath(state, tenant);
  const expire = {
    call: 'POST /tokens/expire',
    done: '{expired} tokens have expired: the next call with one answers 401.',
    next,
  };
  const revoke = {
    call: 'POST /tokens/revoke',
    done: '{revoked} grants are revoked: refreshing does not help any more.',
    next,
  };
  return `<div class="row">${callButton({ ...expire, fixed: { ...fixed, access_mode: 'online' } }, 'Expire online access', { id: 'expire-online' })}
${callButton({ ...expire, fixed: { ...fixed, access_mode: 'offline' } }, 'Expire offline access', { id: 'expire-offline' })}
${callButton({ ...expire, fixed: { ...fixed, what: 'refresh' } }, 'Expire refresh tokens')}
${callButton({ ...revoke, fixed }, 'Revoke all', { kind: 'danger', id: 'revoke' })}</div>
<table><caption class="unseen">Tokens</caption><thead><tr><th scope="col">Token</th><th scope="col">State</th></tr></thead><tbody>${rows.join('')}</tbody></table>${all.length > 12 ? `<p class="soft">And ${all.length - 12} older ones.</p>` : ''}`;
}
