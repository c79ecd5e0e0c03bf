import { type Answer, type HttpClient, page } from '../http.ts';
import { permissionNames } from '../scopes.ts';
import { type State, viewer } from '../state.ts';
import { type Tenant, tenantKey, type User } from '../world.ts';
import { callForm, fieldName } from './forms.ts';
import { escape, panelPage } from './layout.ts';
import { extensionPath } from './paths.ts';

/** What can be ticked: what the platform knows, what extensions asked for here, and what the person holds. */
function choices({ extension, grants }: State, tenant: Tenant | undefined, held: readonly string[]): string[] {
  const asked = tenant ? grants.askedOf(tenant) : [];
  return [...new Set(['company/*', ...permissionNames, ...(extension.scopes ?? []), ...asked, ...held])];
}

function boxes(all: readonly string[], held: readonly string[], path: string): string {
  const name = escape(fieldName('list', path));
  const box = (permission: string) =>
    `<label class="choice"><input type="checkbox" name="${name}" value="${escape(permission)}"${held.includes(permission) ? ' checked' : ''}> <span>${permission === 'company/*' ? 'everything (<code>company/*</code>)' : `<code>${escape(permission)}</code>`}</span></label>`;
  return `<input type="hidden" name="${name}" value="">${all.map(box).join('')}`;
}

/** What this person may do at this tenant, permission by permission. */
export function permissionsCard(state: State, tenant: Tenant, user: User): string {
  const held = state.users.permissions(user, tenant);
  const key = tenantKey(tenant);
  const { [key]: _own, ...elsewhere } = user.permissions;
  const note =
    held === undefined
      ? `<p class="notice">${escape(user.first_name)} is no member of this ${tenant.kind}: the platform refuses. Saving makes them one.</p>`
      : '';
  return `${note}<p class="soft">An online token carries no more than this. A change counts from the next sign-in or refresh on; the company’s offline token stays as it is.</p>
${callForm(
  {
    call: `PUT /users/${encodeURIComponent(user.key)}`,
    fixed: { permissions: elsewhere },
    done: `What ${user.first_name} may do is saved. Open the extension again to sign in with it.`,
    next: extensionPath(state, tenant),
  },
  `<fieldset class="boxes"><legend class="unseen">Permissions of ${escape(user.first_name)}</legend>${boxes(choices(state, tenant, held ?? []), held ?? [], `permissions.${key}`)}</fieldset><button id="save-permissions">Save</button>`,
)}`;
}

const inWords = (place: string): string => (place === '*' ? 'everywhere' : place.replace(/^(\d+)$/, 'company $1'));

/** Everybody who has an account, and a form for one more. */
export function peoplePage(state: State, httpClient: HttpClient): Answer {
  const rows = state.users.all().map(({ key, first_name, last_name, role, email, permissions }) => {
    const may = Object.entries(permissions).map(
      ([place, held]) =>
        `${escape(inWords(place))}: ${held.length === 0 ? 'nothing' : held.map((one) => `<code>${escape(one)}</code>`).join(' ')}`,
    );
    return `<tr><td><strong>${escape(`${first_name} ${last_name}`)}</strong> <code>${escape(key)}</code><br><span class="soft">${escape(`${role} · ${email}`)}</span></td><td>${may.join('<br>')}</td></tr>`;
  });
  const text = (name: string, label: string, more = '') =>
    `<label>${label} <input name="${escape(fieldName('text', name))}" ${more}></label>`;
  const add = callForm(
    { call: 'PUT /users/{key}', done: '{first_name} is added.', next: '/tools/people' },
    `<div class="fields">${text('key', 'Key', 'required pattern="[A-Za-z0-9_-]{1,40}" placeholder="auditor"')}${text('first_name', 'First name', 'required')}${text('last_name', 'Last name', 'required')}${text('role', 'Role', 'placeholder="Auditor"')}</div>
<fieldset class="boxes"><legend>May do, at every company</legend>${boxes(choices(state, undefined, []), [], 'permissions')}</fieldset><button class="primary">Add</button>`,
  );
  const main = `<h1>People</h1><p class="soft">Choose at the top who you are. What somebody may do at one company is set on that company’s page.</p>
<table><caption class="unseen">People</caption><thead><tr><th scope="col">Person</th><th scope="col">May do</th></tr></thead><tbody>${rows.join('')}</tbody></table>
<section class="card"><h2>Add somebody</h2>${add}</section>`;
  const { query, headers } = httpClient;
  const user = viewer(state, headers['cookie']);
  return page(
    200,
    panelPage(state, { title: 'People', user, here: '/tools/people', main, column: true, notice: query.get('notice') }),
  );
}
