// npm run migrate: takes over the installations of a backend that was made with the official library.
import { Installations } from '../../shared/store/installations.ts';
import { Secrets } from '../../shared/store/secrets.ts';
import { requireYes } from '../commands/ask.ts';
import { runCommand, usageError } from '../commands/run-command.ts';
import { selectExtension, whichExtension, whichUsage } from '../commands/select-extension.ts';
import { StartError } from '../local/host/start-error.ts';
import { type Migrated, migrateSessions } from './migrate/migrate-sessions.ts';
import { type Skipped, spellingsOf } from './migrate/parse-session.ts';
import { readSource, type Source } from './migrate/read-source.ts';
import { type OpenData, withData } from './open-data.ts';

const usage = `npm run migrate -- --from redis --url redis://HOST:6379/0
npm run migrate -- --from sqlite --file session_storage.db
npm run migrate -- --from memory-dump --file sessions.json

Reads the sessions of fdk-extension-javascript and writes an installation, its offline token sealed, for each company that
has none here yet. Without --write it only says what it would do. It can be interrupted and run again. docs/migrating.md.

  --write                     writes
  --old-backend-is-stopped    says so where nobody can be asked: two that refresh one grant revoke it for both
  --prefix TEXT               what the old storage was made with
  --old-cluster TEXT          how the old configuration spelled the cluster, where no session's key fits

${whichUsage}

A URL with a password is not for the command line: REDIS_URL holds it. The status is 0 when all was done, else 1.`;

const reasons: Readonly<Record<Skipped, string>> = {
  online: 'of people, who sign in again',
  other_extension: 'of another extension, by its API key',
  other_cluster: 'of another cluster: where it is the same, give --old-cluster as it was spelled',
  half_written: 'only half written',
  unreadable: 'no JSON: encrypted, or not of the library',
  no_session: 'no session',
};

const options = {
  ...whichExtension,
  from: { type: 'string' },
  url: { type: 'string' },
  file: { type: 'string' },
  prefix: { type: 'string' },
  write: { type: 'boolean', default: false },
  'old-backend-is-stopped': { type: 'boolean', default: false },
  'old-cluster': { type: 'string' },
} as const;

await runCommand({ usage, options }, async ({ values }) => {
  const source = sourceOf(values);
  const selected = await selectExtension(values);
  const { extension } = selected;
  if (extension.accessMode === 'online') {
    throw new StartError(
      "The configuration has accessMode 'online': it keeps no token, so that there is nothing to migrate.",
    );
  }
  return await withData(selected, 'What was written stays, and the next run goes on.', async (data) => {
    if (values.write && !values['old-backend-is-stopped']) await confirmStopped(data);
    const secrets = new Secrets(data.secretsManager);
    const result = await migrateSessions({
      entries: readSource(source),
      apiKey: await secrets.value(data.secretIdOf('api-key')),
      clusters: [
        ...spellingsOf(extension.cluster),
        ...(values['old-cluster'] === undefined ? [] : [values['old-cluster']]),
      ],
      hasPartnerSide: extension.partner !== undefined,
      installations: new Installations(data.documents, data.tables.installations),
      tokenKeys: secrets.keyRing(data.secretIdOf('token'), 'offline-token'),
      isDryRun: !values.write,
      onProgress: (done, all) => {
        if (done % 1_600 === 0) console.error(`${done} of ${all} …`);
      },
      now: () => new Date(),
    });
    if (result.tenants.length === 0) {
      const found = describeSkipped(result).join('; ') || 'nothing that looks like a session';
      throw new StartError(`The source holds no offline session of this extension. Found: ${found}.`);
    }
    return { data: flat(result, values.write), text: describe(result, values.write, data) };
  });
});

function sourceOf(given: { readonly [name in 'from' | 'url' | 'file' | 'prefix']?: string | undefined }): Source {
  const { from, url, file, prefix } = given;
  if (from !== 'redis' && from !== 'sqlite' && from !== 'memory-dump') {
    throw usageError(usage, '--from is redis, sqlite or memory-dump.');
  }
  return { from, url: url ?? (process.env['REDIS_URL'] || undefined), file, prefix };
}

async function confirmStopped({ where }: OpenData): Promise<void> {
  const why = 'Two that refresh one grant revoke it for both.';
  await requireYes(
    `This writes to ${where}. ${why} Is the old backend stopped, with its workers?`,
    `Stop the old backend first, then add --old-backend-is-stopped. ${why} Nothing was written.`,
    'Nothing was written.',
  );
}

function flat({ tenants, skipped }: Migrated, written: boolean) {
  return { written, tenants: tenants.map(({ tenant, result }) => ({ ...tenant, result })), skipped };
}

function describe(result: Migrated, written: boolean, { where }: OpenData): string {
  const lines = result.tenants.map(
    ({ tenant, result: each }) =>
      `${tenant.kind} ${tenant.id}: ${each === 'migrated' && !written ? 'would be migrated' : each.replaceAll('_', ' ')}`,
  );
  const count = result.tenants.filter(({ result: each }) => each === 'migrated').length;
  return [
    ...lines,
    ...describeSkipped(result).map((sentence) => `Left out: ${sentence}.`),
    written
      ? `${count} of ${lines.length} were migrated into ${where}. Now enter its URL in the partner panel.`
      : `${count} of ${lines.length} would be migrated into ${where}. Nothing was written: stop the old backend, then add --write.`,
  ].join('\n');
}

function describeSkipped({ skipped }: Pick<Migrated, 'skipped'>): string[] {
  return Object.entries(skipped).map(([reason, count]) => `${count} ${reasons[reason as Skipped]}`);
}
