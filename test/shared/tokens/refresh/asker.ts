/** One of the processes that need a token at once: it asks when its parent says so, and tells which steps it took. */

import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createHttpClient, deadlineIn, type HttpClient } from '../../../../shared/http/http-client.ts';
import { AppError } from '../../../../shared/problems.ts';
import { documentClient } from '../../../../shared/store/dynamodb.ts';
import { OfflineGrants } from '../../../../shared/store/offline-grants.ts';
import { companyTenant } from '../../../../shared/tenant.ts';
import { OfflineTokens, type OfflineTokensDependencies } from '../../../../shared/tokens/offline-tokens.ts';
import { probeGrant } from '../../../../shared/tokens/probe-grant.ts';
import { keyRingFor } from '../../fixture/key-ring.ts';
import {
  type Answer,
  type Ask,
  apiKey,
  apiSecret,
  type FromChild,
  type FromParent,
  type Taken,
  tokenSecret,
} from './ask.ts';

const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
const httpClient = createHttpClient();
let release = Promise.withResolvers<void>();

function tell(message: FromChild): void {
  process.send?.(message);
}

async function hold(id: number): Promise<void> {
  release = Promise.withResolvers<void>();
  tell({ kind: 'held', id });
  await release.promise;
}

/** The real store, noting each step. */
function notedGrants(real: OfflineGrants, ask: Ask, steps: Taken[]): OfflineTokensDependencies['grants'] {
  const noted = async (step: Exclude<Taken['step'], 'find' | 'wait'>, write: Promise<boolean>): Promise<boolean> => {
    const result = await write;
    steps.push({ step, result });
    return result;
  };
  return {
    find: async (companyId) => {
      const grant = await real.find(companyId);
      steps.push({ step: 'find', version: grant?.version, isLeased: grant?.isLeased ?? false });
      if (grant?.isLeased) tell({ kind: 'watching', id: ask.id });
      return grant;
    },
    takeLease: (...input) => noted('takeLease', real.takeLease(...input)),
    giveLeaseBack: (...input) => noted('giveLeaseBack', real.giveLeaseBack(...input)),
    markReauthorize: (...input) => noted('markReauthorize', real.markReauthorize(...input)),
    dropToken: (...input) => real.dropToken(...input),
    renew: async (...input) => {
      if (ask.holdAt === 'renew') await hold(ask.id);
      return await noted('renew', real.renew(...input));
    },
  };
}

async function answer(ask: Ask): Promise<void> {
  const { cluster, companyId, timing } = ask;
  const client = new DynamoDBClient({ endpoint: ask.endpoint, region: 'us-east-1', credentials });
  const now = () => new Date(Date.now() + ask.clockAheadMs);
  const steps = Array.from({ length: ask.instances }, (): Taken[] => []);
  const call: HttpClient = async (request, deadline) => {
    if (ask.holdAt === 'call') await hold(ask.id);
    return await httpClient(request, deadline);
  };
  const instances = steps.map(
    (own) =>
      new OfflineTokens({
        cluster,
        credentials: { apiKey, apiSecret },
        grants: notedGrants(new OfflineGrants(documentClient(client), ask.tableName), ask, own),
        tokenKeys: keyRingFor('offline-token', tokenSecret),
        httpClient: call,
        now,
        monotonicMs: () => performance.now(),
        wait: async (milliseconds) => {
          own.push({ step: 'wait', milliseconds });
          await sleep(milliseconds);
        },
        timing,
      }),
  );
  const askOne = async (index: number): Promise<Answer> => {
    try {
      const { accessToken } = await instances[index % instances.length]!.get(companyTenant(companyId));
      const state = await probeGrant(
        { cluster, httpClient, now },
        companyTenant(companyId),
        accessToken,
        deadlineIn(30_000),
      );
      return { outcome: 'token', digest: createHash('sha256').update(accessToken).digest('hex').slice(0, 12), state };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return { outcome: 'refused', code: error.code, retryAfter: error.headers['retry-after'] };
    }
  };
  const answers = await Promise.all(Array.from({ length: ask.askers }, (_, index) => askOne(index)));
  client.destroy();
  tell({ kind: 'done', id: ask.id, answers, steps });
}

process.on('message', (message: FromParent) => {
  if (message.kind === 'release') release.resolve();
  // What goes wrong unexpectedly ends the process, which its parent notices.
  else void answer(message);
});
process.on('disconnect', () => process.exit());
tell({ kind: 'ready' });
