import type { Credentials } from '../../shared/fynd/token-requests.ts';
import { OfflineTokens } from '../../shared/tokens/offline-tokens.ts';
import { httpClient } from './http-client.ts';
import { apiKey, apiSecret, tokenKeys } from './secrets.ts';
import { extension, now } from './settings.ts';
import { offlineGrants } from './tables.ts';

let held: (Credentials & { readonly tokens: OfflineTokens }) | undefined;

export const wait = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Kept while this instance lives, with what it has seen of other instances' refreshes; new where the secret is. */
export async function offlineTokens(): Promise<OfflineTokens> {
  const credentials = { apiKey: await apiKey(), apiSecret: await apiSecret() };
  if (held?.apiKey !== credentials.apiKey || held.apiSecret !== credentials.apiSecret) {
    const tokens = new OfflineTokens({
      cluster: extension().cluster,
      credentials,
      grants: offlineGrants(),
      tokenKeys: tokenKeys(),
      httpClient: httpClient(),
      now,
      monotonicMs: () => performance.now(),
      wait,
    });
    held = { ...credentials, tokens };
  }
  return held.tokens;
}
