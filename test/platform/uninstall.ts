import { createHmac } from 'node:crypto';
import { signatureDate, signRequest } from './fp-signature.ts';
import type { State } from './state.ts';
import type { Tenant } from './world.ts';

function signatureHeaders({ settings, extension }: State, url: URL, body: string): Record<string, string> {
  if (settings.lifecycleSignature === 'webhook') {
    return { 'x-fp-signature': createHmac('sha256', extension.apiSecret).update(body).digest('hex') };
  }
  if (settings.lifecycleSignature === 'none') return {};
  const date = signatureDate(new Date());
  const headers = { host: url.host, 'x-fp-date': date };
  const request = { method: 'POST', path: url.pathname, headers, body };
  return {
    'x-fp-date': date,
    'x-fp-signature': signRequest(request, { date, secret: extension.apiSecret, signs: () => true }),
  };
}

/** Tells the extension, at best, that it was uninstalled. Answers what came of it in words. */
export async function notifyUninstall(state: State, tenant: Tenant): Promise<string> {
  const url = new URL(`${state.extension.baseUrl}/fp/uninstall`);
  const id = state.settings.idsAsNumbers && /^\d+$/.test(tenant.id) ? Number(tenant.id) : tenant.id;
  const body = JSON.stringify({ [`${tenant.kind}_id`]: id, client_id: state.extension.apiKey });
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...signatureHeaders(state, url, body) },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(10_000),
    });
    await answer.body?.cancel();
    return `the extension answered ${answer.status}`;
  } catch {
    return 'the extension could not be told';
  }
}
