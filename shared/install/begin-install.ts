import { type Extension, extensionFor } from '../config.ts';
import { paths } from '../contract.ts';
import { buildAuthorizationUrl } from '../fynd/authorization-request.ts';
import { codeChallenge, createCodeVerifier } from '../fynd/pkce.ts';
import type { KeyRing } from '../sealing.ts';
import type { Cookies } from '../session/cookies.ts';
import { startedAtMs } from '../session/started-at.ts';
import { createState, sealTransaction, transactionCookieName, transactionSeconds } from '../session/transactions.ts';
import type { Tenant } from '../tenant.ts';

/** A launch of the extension, validated. Nobody signed it: it proves nothing. */
export interface Launch {
  readonly tenant: Tenant;
  readonly applicationId: string | undefined;
  readonly redirectPath: string | undefined;
  readonly installEvent: boolean;
  readonly inWindow: boolean;
}

/**
 * Begins a sign-in: remembers the launch in a transaction cookie and tells where the browser gives consent. Asks nobody
 * and writes no table, so that a launch that is never finished leaves nothing behind.
 */
export async function beginInstall(
  dependencies: { extension: Extension; baseUrl: string; apiKey: string; sessionKeys: KeyRing; now: () => Date },
  launch: Launch,
  cookies: Cookies,
): Promise<{ location: string }> {
  const { baseUrl, apiKey, sessionKeys } = dependencies;
  const extension = extensionFor(dependencies.extension, launch.tenant);
  const now = dependencies.now();
  const state = createState();
  const codeVerifier = extension.pkce ? createCodeVerifier() : undefined;
  const transaction = {
    ...launch,
    state,
    codeVerifier,
    accessMode: extension.accessMode,
    startedAtMs: now.getTime(),
  };
  cookies.set(transactionCookieName(state), await sealTransaction(sessionKeys, transaction), transactionSeconds);
  await cookies.fit((name, value) => startedAtMs(sessionKeys, dependencies.extension, now, name, value));
  return {
    location: buildAuthorizationUrl({
      cluster: extension.cluster,
      tenant: launch.tenant,
      clientId: apiKey,
      redirectUri: callbackUrl(baseUrl, launch),
      scopes: extension.scopes,
      state,
      codeChallenge: codeVerifier === undefined ? undefined : codeChallenge(codeVerifier),
      now,
    }),
  };
}

function callbackUrl(baseUrl: string, { tenant, applicationId }: Launch): string {
  if (tenant.kind === 'organization') return `${baseUrl}${paths.partnerCallback}`;
  return `${baseUrl}${paths.callback}${applicationId === undefined ? '' : `?application_id=${applicationId}`}`;
}
