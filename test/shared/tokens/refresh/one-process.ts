import { OfflineGrants } from '../../../../shared/store/offline-grants.ts';
import { companyTenant } from '../../../../shared/tenant.ts';
import { sealTokenSet } from '../../../../shared/tokens/offline-token.ts';
import { OfflineTokens, type OfflineTokensDependencies } from '../../../../shared/tokens/offline-tokens.ts';
import type { TestTables } from '../../fixture/dynamodb.ts';
import { clientId, noon } from '../../fixture/extension.ts';
import { type FakeAnswer, type FakeHttpClient, fakeHttpClient } from '../../fixture/http-client.ts';
import { keyRingFor } from '../../fixture/key-ring.ts';

export const tokenKeys = keyRingFor('offline-token', 'CANARY-token-secret-0123456789abcdef');

/** Token answers of a platform that counts: `CANARY-access-1`, `CANARY-access-2`, … */
export const numbered = (number: number): FakeAnswer => ({
  body: { access_token: `CANARY-access-${number}`, refresh_token: `CANARY-refresh-${number}`, expires_in: 3_600 },
});

/** A company with a real row, a platform that answers as told, and clocks that only waiting moves. */
export async function startOne(
  tables: TestTables,
  { hasRefreshToken = true } = {},
  answer: (number: number) => FakeAnswer | Promise<FakeAnswer> = numbered,
) {
  const tenant = companyTenant(tables.newCompany());
  const clock = { wallMs: noon.getTime(), monotonicMs: 5_000 };
  const waits: number[] = [];
  const httpClient: FakeHttpClient = fakeHttpClient((_request, number) => answer(number));
  const real = new OfflineGrants(tables.client, tables.names.installations);
  const grant = {
    accessToken: 'CANARY-access-0',
    refreshToken: hasRefreshToken ? 'CANARY-refresh-0' : undefined,
    scopes: ['company/products'],
    expiresInSeconds: 3_600,
  };
  const stored = await sealTokenSet(await tokenKeys.current(), { tenant, generation: 1 }, grant, noon);
  await tables.installations.save(tenant, undefined, { generation: 1, grant: stored, now: noon });
  const pass = (seconds: number) => {
    clock.wallMs += seconds * 1000;
    clock.monotonicMs += seconds * 1000;
  };
  return {
    tenant,
    clock,
    waits,
    httpClient,
    grants: real,
    pass,
    row: () => real.find(tenant),
    /** An instance; `given` replaces what it is given. */
    instance: (
      given: Partial<Omit<OfflineTokensDependencies, 'grants'>> & {
        grants?: Partial<OfflineTokensDependencies['grants']>;
      } = {},
    ) =>
      new OfflineTokens({
        cluster: 'https://api.fynd.com',
        credentials: { apiKey: clientId, apiSecret: 'CANARY-api-secret' },
        tokenKeys,
        httpClient,
        now: () => new Date(clock.wallMs),
        monotonicMs: () => clock.monotonicMs,
        wait: (milliseconds) => {
          waits.push(milliseconds);
          pass(milliseconds / 1000);
          return Promise.resolve();
        },
        ...given,
        grants: {
          find: (...input) => real.find(...input),
          takeLease: (...input) => real.takeLease(...input),
          giveLeaseBack: (...input) => real.giveLeaseBack(...input),
          renew: (...input) => real.renew(...input),
          markReauthorize: (...input) => real.markReauthorize(...input),
          dropToken: (...input) => real.dropToken(...input),
          ...given.grants,
        },
      }),
  };
}
