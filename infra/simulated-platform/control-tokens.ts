import * as v from 'valibot';
import { bodyOf, type Control, ControlError, tenantFields, tenantOf, userOf } from './control-call.ts';
import { json } from './http.ts';

const mode = v.picklist(['online', 'offline']);
const codeSchema = v.strictObject({
  ...tenantFields,
  user: v.optional(v.string(), 'owner'),
  scopes: v.optional(v.array(v.string())),
  access_mode: v.optional(mode, 'online'),
  client_id: v.optional(v.string()),
});
/** Those grants that fit all that is named. */
const grantFields = { ...tenantFields, user: v.optional(v.string()), access_mode: v.optional(mode) };
const expirySchema = v.strictObject({
  ...grantFields,
  what: v.optional(v.picklist(['access', 'refresh', 'all']), 'access'),
});

/** Makes a code as if the person had agreed. */
export const makeCode: Control = (state, httpClient) => {
  const given = bodyOf(httpClient, codeSchema);
  const tenant = tenantOf(given);
  if (!tenant) throw new ControlError('company_id', 'company_id or organization_id is required');
  const code = state.grants.issueCode({
    clientId: given.client_id ?? state.extension.apiKey,
    tenant,
    user: userOf(state, given.user),
    scopes: given.scopes ?? [...(state.extension.scopes ?? ['company/products', 'company/orders'])],
    mode: given.access_mode,
  });
  return json(201, { code: code.value });
};

/** Lets tokens expire or revokes grants. */
export const endTokens: Control = (state, httpClient, name) => {
  if (name === 'expire') {
    const { user, access_mode, what, ...tenant } = bodyOf(httpClient, expirySchema);
    const of = { tenant: tenantOf(tenant), user: user === undefined ? undefined : userOf(state, user) };
    return json(200, { expired: state.grants.expire({ ...of, mode: access_mode, what }) });
  }
  if (name !== 'revoke') return undefined;
  const { user, access_mode, ...tenant } = bodyOf(httpClient, v.strictObject(grantFields));
  const of = { tenant: tenantOf(tenant), user: user === undefined ? undefined : userOf(state, user) };
  return json(200, { revoked: state.grants.revoke({ ...of, mode: access_mode }) });
};

/** The tokens of a company or an organization, by their last four characters. */
export const listTokens: Control = (state, { query }) => {
  const given = {
    company_id: query.get('company_id') ?? undefined,
    organization_id: query.get('organization_id') ?? undefined,
  };
  const tenant = tenantOf(given);
  if (!tenant) throw new ControlError('company_id', 'company_id or organization_id is required');
  return json(200, state.grants.tokensOf(tenant));
};
