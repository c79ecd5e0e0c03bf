import type { CompleteInstallDependencies } from '../../shared/install/complete-install.ts';
import { httpClient } from './http-client.ts';
import { count } from './metric.ts';
import { apiKey, apiSecret, tokenKeys } from './secrets.ts';
import { extension, now } from './settings.ts';
import { installations } from './tables.ts';

/** What installing a company needs, with a person or without one. */
export async function installing(): Promise<CompleteInstallDependencies> {
  return {
    extension: extension(),
    credentials: { apiKey: await apiKey(), apiSecret: await apiSecret() },
    installations: installations(),
    tokenKeys: tokenKeys(),
    httpClient: httpClient(),
    now,
    count,
  };
}
