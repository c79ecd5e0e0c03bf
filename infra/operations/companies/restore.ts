import { refreshTokenGrant } from '../../../shared/fynd/token-requests.ts';
import { createHttpClient, deadlineIn } from '../../../shared/http/http-client.ts';
import { Secrets } from '../../../shared/store/secrets.ts';
import type { Tenant } from '../../../shared/tenant.ts';
import type { Outcome } from '../../commands/run-command.ts';
import type { OpenData } from '../open-data.ts';
import { type Restored, restoreCompanies } from './restore-companies.ts';

export interface RestoreRequest {
  readonly backup: string;
  readonly only: Tenant | undefined;
  readonly cluster: string;
  readonly leavesTokens: boolean;
  readonly writes: boolean;
}

const refreshMs = 8_000;
const reportEvery = 1_000;
const mostNamed = 20;

/** Restores, and says what became of whom. */
export async function restore(data: OpenData, request: RestoreRequest): Promise<Outcome> {
  const secrets = new Secrets(data.secretsManager);
  const { cluster, leavesTokens, writes } = request;
  const httpClient = createHttpClient();
  const credentials = leavesTokens
    ? undefined
    : {
        apiKey: await secrets.value(data.secretIdOf('api-key')),
        apiSecret: await secrets.value(data.secretIdOf('api-secret')),
      };
  const results: { kind?: string; id?: string; result: Restored }[] = [];
  await restoreCompanies({
    documents: data.documents,
    table: data.tables.installations,
    backup: request.backup,
    only: request.only,
    tokenKeys: secrets.keyRing(data.secretIdOf('token'), 'offline-token'),
    refresh:
      credentials &&
      ((tenant, refreshToken, scopes) =>
        refreshTokenGrant({
          httpClient,
          cluster,
          tenant,
          credentials,
          refreshToken,
          scopes,
          now: new Date(),
          deadline: deadlineIn(refreshMs),
        })),
    isDryRun: !writes,
    now: () => new Date(),
    wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    onResult: (tenant, result) => {
      results.push({ ...tenant, result });
      if (results.length % reportEvery === 0) console.error(`${results.length} rows …`);
    },
  });
  const count = (result: Restored) => results.filter((each) => each.result === result).length;
  const named = results.filter(({ result }) => result === 'launch').map(({ kind, id }) => `${kind} ${id}`);
  const more = named.length > mostNamed ? ` … and ${named.length - mostNamed} more (--json names all)` : '';
  const sentences = [
    `${count('kept')} kept: the row that is there is as new, or newer.`,
    writes
      ? `${count('works')} restored, and their grants work.`
      : `${count('works')} would be restored, and the platform asked whether their grants work.`,
    `${count('launch')} ${writes ? 'restored' : 'would be restored'} without a token: the next launch mends them.${
      named.length === 0 ? '' : ` ${named.slice(0, mostNamed).join(', ')}${more}.`
    }`,
    `${count('over')} had uninstalled: ${writes ? 'that is known again' : 'that would be known again'}.`,
    ...(count('left_out') === 0 ? [] : [`${count('left_out')} left out: they are no rows of installations.`]),
  ];
  const text = [
    `${request.backup} and ${data.where}:`,
    ...sentences.map((sentence) => `  ${sentence}`),
    writes
      ? 'Now send the sweep: it registers webhooks again. Then delete the table that the backup was restored to.'
      : 'Nothing was written: add --write.',
  ].join('\n');
  return { data: { written: writes, companies: results }, text };
}
