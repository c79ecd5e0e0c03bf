import type { Tenant } from '../tenant.ts';
import { signatureDate, signV1 } from './signature.ts';
import { authenticationPath } from './token-requests.ts';

/** Where the browser is sent to give consent; the query carries a v1 signature. */
export function buildAuthorizationUrl(request: {
  cluster: string;
  tenant: Tenant;
  clientId: string;
  redirectUri: string;
  scopes: readonly string[];
  state: string;
  now: Date;
}): string {
  const date = signatureDate(request.now);
  const query = new URLSearchParams({
    access_mode: 'online',
    client_id: request.clientId,
    redirect_uri: request.redirectUri,
    response_type: 'code',
    scope: request.scopes.join(','),
    state: request.state,
    'x-fp-date': date,
  });
  const target = `${authenticationPath(request.tenant)}/authorize?${query.toString()}`;
  const signature = signV1({ method: 'GET', target, headers: { host: new URL(request.cluster).host } }, date);
  return `${request.cluster}${target}&x-fp-signature=${encodeURIComponent(signature)}`;
}
