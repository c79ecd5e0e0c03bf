import type { Tenant } from '../tenant.ts';
import { clusterAddress } from './cluster-address.ts';
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
  /** Of a verifier that the code is redeemed with (RFC 7636). */
  codeChallenge?: string | undefined;
  now: Date;
}): string {
  const date = signatureDate(request.now);
  const query = new URLSearchParams({
    access_mode: 'online',
    client_id: request.clientId,
    ...(request.codeChallenge && { code_challenge: request.codeChallenge, code_challenge_method: 'S256' }),
    redirect_uri: request.redirectUri,
    response_type: 'code',
    scope: request.scopes.join(','),
    state: request.state,
    'x-fp-date': date,
  });
  const { origin, host, prefix } = clusterAddress(request.cluster);
  const target = `${prefix}${authenticationPath(request.tenant)}/authorize?${query.toString()}`;
  const signature = signV1({ method: 'GET', target, headers: { host } }, date);
  return `${origin}${target}&x-fp-signature=${encodeURIComponent(signature)}`;
}
