// npm run migrate: takes over the installations of a backend that was made with the official library.
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { Installations } from '../../shared/store/installations.ts';
import { Secrets } from '../../shared/store/secrets.ts';
import { runOnce } from '../commands/run-once.ts';
import { loadExtension } from '../load-extension.ts';
import { StartError } from '../local/host/start-error.ts';
import { type Migrated, migrateSessions } from './migrate/migrate-sessions.ts';
import { type Skipped, spellingsOf } from './migrate/parse-session.ts';
import { readSource, type Source } from './migrate/read-source.ts';
import { type OpenData, whichData, withData } from './open-data.ts';

const usage = `npm run migrate -- --from redis --url redis://HOST:6379/0
npm run migrate -- --from sqlite --file session_storage.db
npm run migrate -- --from memory-dump --file sessions.json

Reads the sessions of fdk-extension-javascript and writes an installation, its offline token sealed, for each company that
has none here yet. Without --write it only says what it would do. It can be interrupted and run again. docs/migrating.md.

  --write                     writes
  --old-backend-is-stopped    says so where nobody can be asked: two that refresh one grant revoke it for both
  --prefix TEXT               what the old storage was made with
  --old-cluster TEXT          how the old configuration spelled the cluster, where no session's key fits
  --local                     into the extension that runs on this machine, instead of the deployed one
  --stack NAME, --region REGION, --profile PROFILE
  --json                      prints JSON

A URL with a password is not for the command line: REDIS_URL holds it. The status is 0 when all was done, else 1.`;

const reasons: Readonly<Record<Skipped, string>> = {
  online: 'of people, who sign in again',
  other_extension: 'of another extension, by its API key',
  other_cluster: 'of another cluster: where it is the same, give --old-cluster as it was spelled',
  half_written: 'only half written',
  unreadable: 'no JSON: encrypted, or not of the library',
  no_session: 'no session',
};

await runOnce(async () => {
  const options = readArguments();
  if (options.help) return usage;
  const source = sourceOf(options);
  const extension = await loadExtension();
  if (extension.accessMode === 'online') {
    throw new StartError(
      "The configuration has accessMode 'online': it keeps no token, so that there is nothing to migrate.",
    );
  }
  return await withData(options, extension, 'What was written stays, and the next run goes on.', async (data) => {
    if (options.write && !options['old-backend-is-stopped']) await confirmStopped(data);
    const secrets = new Secrets(data.secretsManager);
    const result = await migrateSessions({
      entries: readSource(source),
      apiKey: await secrets.value(data.apiKeySecretId),
      clusters: [
        ...spellingsOf(extension.cluster),
        ...(options['old-cluster'] === undefined ? [] : [options['old-cluster']]),
      ],
      hasPartnerSide: extension.partner !== undefined,
      installations: new Installations(data.documents, data.tables.installations),
      tokenKeys: secrets.keyRing(data.tokenKeySecretId, 'offline-token'),
      isDryRun: !options.write,
      onProgress: (done, all) => {
        if (done % 1_600 === 0) console.error(`${done} of ${all} …`);
      },
      now: () => new Date(),
    });
    if (result.tenants.length === 0) {
      const found = describeSkipped(result).join('; ') || 'nothing that looks like a session';
      throw new StartError(`The source holds no offline session of this extension. Found: ${found}.`);
    }
    return options.json ? json(result, options.write) : describe(result, options.write, data);
  });
});

function readArguments() {
  try {
    return parseArgs({
      options: {
        ...whichData,
        from: { type: 'string' },
        url: { type: 'string' },
        file: { type: 'string' },
        prefix: { type: 'string' },
        write: { type: 'boolean', default: false },
        'old-backend-is-stopped': { type: 'boolean', default: false },
        'old-cluster': { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch {
    // What was written may be a URL with its password: it is not repeated.
    throw new StartError(`An argument is none of this command's.\n\n${usage}`);
  }
}

function sourceOf({ from, url, file, prefix }: ReturnType<typeof readArguments>): Source {
  if (from !== 'redis' && from !== 'sqlite' && from !== 'memory-dump') throw new StartError(usage);
  return { from, url: url ?? (process.env['REDIS_URL'] || undefined), file, prefix };
}

async function confirmStopped({ where }: OpenData): Promise<void> {
  const why = 'Two that refresh one grant revoke it for both.';
  if (!process.stdin.isTTY) {
    throw new StartError(`Stop the old backend first, then add --old-backend-is-stopped. ${why} Nothing was written.`);
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(
      `This writes to ${where}. ${why} Is the old backend stopped, with its workers? Type yes: `,
    );
    if (answer.trim().toLowerCase() !== 'yes') throw new StartError('Nothing was written.');
  } finally {
    terminal.close();
  }
}

function json({ tenants, skipped }: Migrated, written: boolean): string {
  const flat = tenants.map(({ tenant, result }) => ({ ...tenant, result }));
  return JSON.stringify({ written, tenants: flat, skipped }, undefined, 2);
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
