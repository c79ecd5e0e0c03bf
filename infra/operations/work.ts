// npm run work: stops all background work of a deployed extension, and lets it go on.
import { LambdaClient } from '@aws-sdk/client-lambda';
import { awsClientOptions } from '../../shared/aws-client-options.ts';
import { requireYes } from '../commands/ask.ts';
import { runCommand, usageError } from '../commands/run-command.ts';
import { sameExtension, selectDeployed, whichDeployed, whichDeployedUsage } from '../commands/select-extension.ts';
import { withData } from './open-data.ts';
import { setDelivery, type WorkState, workState } from './work/deliver-work.ts';

const usage = `npm run work -- [status]    whether the worker gets messages, and how many wait
npm run work -- stop        the worker gets no more messages: no event, schedule, hook or registration is worked on
npm run work -- resume      it gets them again, in their order

While work is stopped, events and schedules go on queueing: nothing is lost and nothing counts as failed, for four days, as
long as a message may wait. What the worker has begun it finishes. People, pages and storefronts notice nothing.

  --yes            stops without asking

${whichDeployedUsage}

Status 0: it is as you wish. 2: it is not yet; run this again.`;

await runCommand(
  { usage, options: { ...whichDeployed, yes: { type: 'boolean', default: false } }, mostArguments: 1 },
  async ({ values, positionals: [verb = 'status'] }) => {
    if (!['status', 'stop', 'resume'].includes(verb)) throw usageError(usage, 'Say status, stop or resume.');
    const selected = await selectDeployed(values, { whileUpdating: true });
    if (verb === 'stop' && !values.yes) {
      await requireYes(
        `This stops all background work of ${selected.where}.`,
        'Stopping asks first: add --yes where nobody can answer. Nothing was stopped.',
        'Nothing was stopped.',
      );
    }
    return await withData(selected, 'Run this again.', async ({ sqs, workQueueUrl, where }) => {
      using lambda = closing(
        new LambdaClient({ region: selected.stack.region, ...awsClientOptions({ requestTimeoutMs: 10_000 }) }),
      );
      const access = { lambda: lambda.client, sqs, queueUrl: workQueueUrl };
      const state = verb === 'status' ? await workState(access) : await setDelivery(access, verb === 'resume');
      if (verb !== 'status' && state.state !== (verb === 'resume' ? 'working' : 'stopped')) process.exitCode = 2;
      return { data: state, text: describe(state, where, sameExtension({ ...values, local: false })) };
    });
  },
);

function describe({ state, waiting }: WorkState, where: string, same: string): string {
  const queued = `About ${waiting} messages wait or are with the worker.`;
  switch (state) {
    case 'working':
      return `Background work of ${where} goes on. ${queued}`;
    case 'stopped':
      return `Background work of ${where} is stopped. ${queued} A message waits for four days at most: npm run work -- resume${same}`;
    case 'changing':
      return `Background work of ${where} is about to stop or to go on. ${queued}`;
  }
}

function closing<Client extends { destroy(): void }>(client: Client): Disposable & { readonly client: Client } {
  return { client, [Symbol.dispose]: () => client.destroy() };
}
