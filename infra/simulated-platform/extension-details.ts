import * as v from 'valibot';
import { refuseOthers } from './extension-credentials.ts';
import { type Answer, json, jsonObject, type Route } from './http.ts';
import { everyScope } from './scopes.ts';
import { refuseSignature } from './signature-check.ts';
import type { State } from './state.ts';

const address = /^\/service\/panel\/partners\/v1\.0\/extensions\/details\/([^/]+)$/;
const change = v.strictObject({
  base_url: v.pipe(
    v.string(),
    v.regex(/^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/, 'an address without a query is wanted'),
    v.transform((text) => text.replace(/\/+$/, '')),
  ),
});

/** Scopes by name, each: the JavaScript library compares them literally. */
const detailsOf = ({ extension }: State): Answer =>
  json(200, {
    name: 'Extension',
    extention_type: 'private',
    base_url: extension.baseUrl,
    scope: extension.scopes ?? everyScope,
  });

/** What the partner panel knows of the extension, for its servers; its base URL can be set there. */
export const extensionDetailsRoute =
  (state: State): Route =>
  (httpClient) => {
    const [, apiKey] = address.exec(httpClient.path) ?? [];
    if (apiKey === undefined) return undefined;
    const refused = refuseSignature(state, httpClient) ?? refuseOthers(state, httpClient, ['basic', 'bearer']);
    if (refused) return refused;
    if (apiKey !== encodeURIComponent(state.extension.apiKey)) return json(404, { message: 'Extension not found' });
    if (httpClient.method === 'GET') return detailsOf(state);
    if (httpClient.method !== 'PATCH') return json(405, { message: 'Method not allowed' }, { allow: 'GET, PATCH' });
    const asked = v.safeParse(change, jsonObject(httpClient.body));
    if (!asked.success) {
      const [issue] = asked.issues;
      return json(400, { message: `Validation failed: ${v.getDotPath(issue) ?? 'body'}: ${issue.message}` });
    }
    state.extension.baseUrl = asked.output.base_url;
    return detailsOf(state);
  };
