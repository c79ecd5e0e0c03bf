// npm run redrive: brings dead letters back to their queue, of the local extension that runs or of a deployed one.
import { parseArgs } from 'node:util';
import { SQSClient } from '@aws-sdk/client-sqs';
import { openEnvironmentFile } from '../local/host/environment-file.ts';
import { StartError } from '../local/host/start-error.ts';
import { findRunning } from '../local/running-extension.ts';
import { localSqsClient } from '../local/sqs/local-sqs-client.ts';
import { countMessages, redriveMessages } from './redrive-messages.ts';
import { runOnce } from './run-once.ts';

const usage = `npm run redrive [-- --dry-run]                          for the local extension that runs
npm run redrive -- --from URL --to URL [--dry-run]       for a deployed one: of the dead letters, of the work queue`;

await runOnce(async () => {
  const { from, to, 'dry-run': dryRun } = readArguments();
  if (from !== undefined && to !== undefined) {
    const region = /^https:\/\/sqs\.([a-z0-9-]+)\.amazonaws\./.exec(from)?.[1];
    const client = new SQSClient({ ...(region !== undefined && { region }) });
    return await onAws(() => redrive(client, from, to, dryRun));
  }
  openEnvironmentFile();
  const { sqsEndpoint, accessKey, redrives } = await findRunning(process.env['LOCAL_DATA_DIR'] || undefined, '.local');
  using client = localSqsClient(sqsEndpoint, accessKey);
  const sentences: string[] = [];
  for (const { name, url, deadLettersUrl } of redrives) {
    sentences.push(`${name}: ${await redrive(client, deadLettersUrl, url, dryRun)}`);
  }
  return sentences.join('\n') || 'The stack has no dead-letter queue.';
});

function readArguments(): { from?: string | undefined; to?: string | undefined; 'dry-run': boolean } {
  try {
    const { values } = parseArgs({
      options: { from: { type: 'string' }, to: { type: 'string' }, 'dry-run': { type: 'boolean', default: false } },
    });
    const { from, to } = values;
    if ((from === undefined) === (to === undefined) && (from === undefined || from !== to)) return values;
  } catch {
    // The usage says it all.
  }
  throw new StartError(usage);
}

async function redrive(client: SQSClient, from: string, to: string, dryRun: boolean): Promise<string> {
  if (dryRun) {
    const count = await countMessages(client, from);
    return `${count === 1 ? '1 dead letter' : `${count} dead letters`}. Nothing was sent.`;
  }
  const count = await redriveMessages({ client, from, to });
  return `${count === 1 ? '1 dead letter was' : `${count} dead letters were`} sent again.`;
}

async function onAws(act: () => Promise<string>): Promise<string> {
  try {
    return await act();
  } catch (error) {
    const { name, message } = error as Error;
    throw new StartError(`SQS cannot be used: ${message} (${name}). What was not sent is still there.`, {
      cause: error,
    });
  }
}
