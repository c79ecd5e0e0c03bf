import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { type Call, serviceError } from '../call.ts';
import { type Answer, json, jsonObject } from '../http.ts';
import type { State } from '../state.ts';

/** What a sales channel forwards: calls below `/ext/{attached_path}` to `proxy_url` (`ExtensionProxyPathCreation`). */
export type ProxyPath = {
  _id: string;
  attached_path: string;
  proxy_url: string;
  company_id: string;
  application_id: string;
  extension_id: string;
  created_at: string;
  modified_at: string;
};

const registration = v.object({
  attached_path: v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/, 'not one segment of letters, digits, - and _')),
  proxy_url: v.pipe(v.string(), v.regex(/^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/, 'not an address without a query')),
});

/** The paths that sales channels forward to the extension. */
export function createProxyPaths() {
  let all: ProxyPath[] = [];
  return {
    all: (): readonly ProxyPath[] => all,
    ofApplication: (id: string): ProxyPath[] => all.filter((one) => one.application_id === id),
    find: (applicationId: string, attachedPath: string): ProxyPath | undefined =>
      all.find((one) => one.application_id === applicationId && one.attached_path === attachedPath),
    put(path: Omit<ProxyPath, '_id' | 'created_at' | 'modified_at'>): ProxyPath {
      const now = new Date().toISOString();
      const known = this.find(path.application_id, path.attached_path);
      if (known) return Object.assign(known, path, { modified_at: now });
      const _id = createHash('sha256')
        .update(`${path.application_id} ${path.attached_path}`)
        .digest('hex')
        .slice(0, 24);
      const added = { _id, ...path, created_at: now, modified_at: now };
      all.push(added);
      return added;
    },
    remove(path: ProxyPath): void {
      all = all.filter((one) => one !== path);
    },
    removeCompany(company: string): void {
      all = all.filter((one) => one.company_id !== company);
    },
    /** Takes up what another process had. */
    restore(saved: ProxyPath[]): void {
      all = saved;
    },
    reset(): void {
      all = [];
    },
  };
}

/** The registered paths of a running platform. */
export type ProxyPaths = ReturnType<typeof createProxyPaths>;

/** The partners service of a company: an extension attaches paths to a sales channel, and takes them away. */
export function answerPartners(state: State, { httpClient, tenant, applicationId, rest }: Call): Answer | undefined {
  const [, apiKey, attachedPath] = /^\/proxy\/([^/]+)(?:\/([^/]+))?\/?$/.exec(rest) ?? [];
  if (apiKey === undefined || applicationId === undefined) return undefined;
  if (apiKey !== encodeURIComponent(state.extension.apiKey))
    return serviceError('partners', 403, 'This is another extension');
  if (attachedPath !== undefined) {
    if (httpClient.method !== 'DELETE') return undefined;
    const known = state.proxyPaths.find(applicationId, decodeURIComponent(attachedPath));
    if (!known) return serviceError('partners', 404, 'No such proxy path');
    state.proxyPaths.remove(known);
    return json(200, { message: 'Proxy path removed', data: {} });
  }
  if (httpClient.method !== 'POST') return undefined;
  const asked = v.safeParse(registration, jsonObject(httpClient.body));
  if (!asked.success) {
    const wrong = asked.issues.map((one) => `${v.getDotPath(one) ?? 'body'}: ${one.message}`).join('; ');
    return serviceError('partners', 400, `Validation failed: ${wrong}`);
  }
  const { attached_path, proxy_url } = asked.output;
  if (state.settings.proxyPathAgain === 'conflict' && state.proxyPaths.find(applicationId, attached_path))
    return serviceError('partners', 409, `${attached_path} is attached already`);
  const { apiKey: extension_id } = state.extension;
  const path = { attached_path, proxy_url, company_id: tenant.id, application_id: applicationId, extension_id };
  return json(200, state.proxyPaths.put(path));
}
