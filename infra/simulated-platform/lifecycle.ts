import { createHmac } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { signatureDate, signRequest } from './fp-signature.ts';
import { maskBody, maskHeaders } from './mask.ts';
import { platformNow, type Settings } from './settings.ts';
import type { State } from './state.ts';
import { type Tenant, tenantKey } from './world.ts';

type Signing = Settings['lifecycleSignature'];

function signatureHeaders(secret: string, signed: Signing, url: URL, body: string, at: Date): Record<string, string> {
  if (signed === 'none') return {};
  if (signed !== 'v2') {
    const key = signed === 'webhook' ? secret : `not ${secret}`;
    return { 'x-fp-signature': createHmac('sha256', key).update(body).digest('hex') };
  }
  const date = signatureDate(at);
  const request = { method: 'POST', path: url.pathname, headers: { host: url.host, 'x-fp-date': date }, body };
  return { 'x-fp-date': date, 'x-fp-signature': signRequest(request, { date, secret, signs: () => true }) };
}

/** What the extension answered: its status, or null when it could not be reached. Stands in the log as `what`. */
async function tell(
  state: State,
  tenant: Tenant,
  what: string,
  call: { url: URL; headers: Record<string, string>; body: string },
): Promise<{ status: number | null; body: string }> {
  const { url, headers, body } = call;
  const entry = state.log.add({
    from: 'platform',
    to: 'extension',
    kind: 'lifecycle',
    what,
    method: 'POST',
    url: url.href,
    status: null,
    took_ms: null,
    [tenant.kind]: tenant.id,
    request: { headers: maskHeaders(state, headers), body: maskBody(state, body) },
  });
  const startedAt = performance.now();
  const answer = await post(url, headers, body);
  state.log.change(entry, {
    status: answer.status ?? 0,
    took_ms: Math.round(performance.now() - startedAt),
    ...(answer.status === null
      ? { what: `${what}: nobody answered` }
      : { response: { headers: {}, body: maskBody(state, answer.body) } }),
  });
  return answer;
}

async function post(
  url: URL,
  headers: Record<string, string>,
  body: string,
): Promise<{ status: number | null; body: string }> {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(10_000),
    });
    return { status: answer.status, body: await answer.text() };
  } catch {
    return { status: null, body: '' };
  }
}

const inWords = (status: number | null): string =>
  status === null ? 'the extension could not be told' : `the extension answered ${status}`;

const idOf = ({ settings }: State, { id }: Tenant): string | number =>
  settings.idsAsNumbers && /^\d+$/.test(id) ? Number(id) : id;

/** Ends what the extension was given for a tenant, and remembers when. */
export function uninstallTenant(state: State, tenant: Tenant): void {
  state.grants.uninstall(tenant);
  if (tenant.kind === 'company') {
    state.subscribers.removeCompany(tenant.id);
    state.held.delete(tenant.id);
    state.proxyPaths.removeCompany(tenant.id);
  }
  state.uninstalledAt.set(tenantKey(tenant), new Date());
}

/**
 * Tells the extension, at best, that it was uninstalled. Answers what came of it in words.
 * `at`: when that was, which a v2 signature tells.
 */
export async function notifyUninstall(
  state: State,
  tenant: Tenant,
  how: { signed?: Signing | undefined; at?: Date; delayMs?: number } = {},
): Promise<string> {
  const { extension, settings } = state;
  const url = new URL(`${extension.baseUrl}/fp/uninstall`);
  const body = JSON.stringify({ [`${tenant.kind}_id`]: idOf(state, tenant), client_id: extension.apiKey });
  if (how.delayMs !== undefined) await wait(how.delayMs);
  const signed = how.signed ?? settings.lifecycleSignature;
  const headers = signatureHeaders(extension.apiSecret, signed, url, body, how.at ?? platformNow(settings));
  const what = `Uninstalled: the platform tells the extension${signed === 'none' ? ', unsigned' : `, signed (${signed})`}`;
  return inWords((await tell(state, tenant, what, { url, headers, body })).status);
}

/** Installs for a company without any person at the screen: hands the extension a code of the owner's. */
export async function autoInstall(
  state: State,
  tenant: Tenant,
  given: { code?: string | undefined; user?: string | undefined; scopes?: string[] | undefined } = {},
): Promise<{ code: string; status: number | null; body: string; notified: string }> {
  const { extension, grants, users } = state;
  const user = users.find(given.user ?? 'owner');
  if (!user) throw new Error('there is always an owner');
  const scopes = given.scopes ?? [...(extension.scopes ?? ['company/*'])];
  const made = { clientId: extension.apiKey, tenant, user, scopes, mode: 'offline' } as const;
  const code = given.code ?? grants.issueCode(made).value;
  const body = JSON.stringify({ company_id: idOf(state, tenant), code });
  const what = 'Auto-install: the platform hands the extension a code, nobody is at the screen';
  const url = new URL(`${extension.baseUrl}/fp/auto_install`);
  const answer = await tell(state, tenant, what, { url, headers: {}, body });
  return { code, ...answer, notified: inWords(answer.status) };
}
