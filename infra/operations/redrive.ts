// npm run redrive: brings dead letters back to their queue, of the local extension that runs or of a deployed one.
import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';
import { awsClientOptions } from '../../shared/aws-client-options.ts';
import { sentenceOfAws } from '../commands/aws-access.ts';
import { runCommand, usageError } from '../commands/run-command.ts';
import {
  selectHereUnlessNamed,
  type WhichExtension,
  whichExtension,
  whichUsageHere,
} from '../commands/select-extension.ts';
import { StartError } from '../local/host/start-error.ts';
import { localSqsClient } from '../local/sqs/local-sqs-client.ts';
import { countMessages, redriveMessages } from './redrive-messages.ts';

const usage = `npm run redrive -- [options]                             for the extension that runs on this machine
npm run redrive -- --stack NAME | --stage NAME [options] for a deployed one
npm run redrive -- --from URL --to URL [options]         from one queue of AWS to another

Brings work that failed for good back to its queue, once what made it fail is mended. What fails again becomes a dead
letter again. It may be interrupted and run again.

  --dry-run        only counts
  --from URL       of the queue with the dead letters, and --to that of the queue whose messages they were

${whichUsageHere}`;

const options = {
  ...whichExtension,
  from: { type: 'string' },
  to: { type: 'string' },
  'dry-run': { type: 'boolean', default: false },
} as const;

/** Queues with their dead letters, and who reaches them. */
interface Queues extends Disposable {
  readonly client: SQSClient;
  readonly queues: readonly { readonly name?: string; readonly url: string; readonly deadLettersUrl: string }[];
}

await runCommand({ usage, options }, async ({ values }) => {
  const { from, to, 'dry-run': isDryRun } = values;
  if ((from === undefined) !== (to === undefined) || (from !== undefined && from === to)) {
    throw usageError(usage, '--from and --to are two queues and belong together.');
  }
  using found = from !== undefined && to !== undefined ? queuesOf(from, to) : await findQueues(values);
  const moved: { readonly queue: string | undefined; readonly letters: number }[] = [];
  for (const { name, url, deadLettersUrl } of found.queues) {
    const letters = await (isDryRun
      ? countMessages(found.client, deadLettersUrl)
      : redriveMessages({ client: found.client, from: deadLettersUrl, to: url })
    ).catch(refused);
    moved.push({ queue: name, letters });
  }
  const lines = moved.map(({ queue, letters }) => {
    const count = `${queue === undefined ? '' : `${queue}: `}${letters} dead ${letters === 1 ? 'letter' : 'letters'}`;
    return isDryRun ? `${count}. Nothing was sent.` : `${count} ${letters === 1 ? 'was' : 'were'} sent again.`;
  });
  return {
    data: { sent: !isDryRun, queues: moved },
    text: lines.join('\n') || 'The stack has no dead-letter queue.',
  };
});

function queuesOf(from: string, to: string): Queues {
  const region = /^https:\/\/sqs\.([a-z0-9-]+)\.amazonaws\./.exec(from)?.[1];
  return withClient(sqsIn(region), [{ url: to, deadLettersUrl: from }]);
}

async function findQueues(which: WhichExtension): Promise<Queues> {
  const { stack, running } = await selectHereUnlessNamed(which);
  if (running !== undefined) {
    return withClient(localSqsClient(running.sqsEndpoint, running.accessKey), running.redrives);
  }
  if (!stack.outputs.has('Redrive')) {
    throw new StartError(`The stack ${stack.name} has no output Redrive: run npm run deploy, then this again.`);
  }
  // The command that the deployment prints for each of its queues.
  const queues = [...stack.outputs].flatMap(([id, value]) => {
    const [, from, to] = /--from (\S+) --to (\S+)$/.exec(value) ?? [];
    if (!id.startsWith('Redrive') || from === undefined || to === undefined) return [];
    return [{ name: id.slice('Redrive'.length) || 'WorkQueue', url: to, deadLettersUrl: from }];
  });
  // Of the region, wherever AWS_ENDPOINT_URL says that it is: the emulator's URLs name another host.
  return withClient(sqsIn(stack.region, { useQueueUrlAsEndpoint: false }), queues);
}

function sqsIn(region: string | undefined, options: SQSClientConfig = {}): SQSClient {
  const inRegion = region === undefined ? {} : { region };
  return new SQSClient({ ...inRegion, ...awsClientOptions({ requestTimeoutMs: 10_000 }), ...options });
}

function withClient(client: SQSClient, queues: Queues['queues']): Queues {
  return { client, queues, [Symbol.dispose]: () => client.destroy() };
}

function refused(cause: Error): never {
  const sentence = sentenceOfAws(cause) ?? `SQS cannot be used: ${cause.message} (${cause.name}).`;
  throw new StartError(`${sentence} What was not sent is still there.`, { cause });
}
