import { setTimeout as wait } from 'node:timers/promises';
import {
  type EventSourceMappingConfiguration,
  type LambdaClient,
  paginateListEventSourceMappings,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { StartError } from '../../local/host/start-error.ts';
import { countMessages } from '../redrive-messages.ts';

interface Access {
  readonly lambda: LambdaClient;
  readonly sqs: SQSClient;
  readonly queueUrl: string;
}

/** Whether Lambda hands the work queue's messages to the worker. */
export interface WorkState {
  readonly state: 'working' | 'stopped' | 'changing';
  /** Messages that wait, or that the worker has, about. */
  readonly waiting: number;
}

export async function workState(access: Access): Promise<WorkState> {
  const states = new Set((await mappings(access)).map(({ State }) => State));
  const [only] = states;
  const isOne = states.size === 1;
  return {
    state: isOne && only === 'Enabled' ? 'working' : isOne && only === 'Disabled' ? 'stopped' : 'changing',
    waiting: await countMessages(access.sqs, access.queueUrl),
  };
}

const pollMs = 1_000;
const patienceMs = 120_000;

/**
 * Has Lambda hand messages over, or leave them where they are. A message that is not handed over is not received, so that
 * waiting counts as no failure. Waits until it is so, two minutes at most.
 */
export async function setDelivery(access: Access, isEnabled: boolean): Promise<WorkState> {
  for (const { UUID, State } of await mappings(access)) {
    if (State !== (isEnabled ? 'Enabled' : 'Disabled')) {
      await access.lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: isEnabled }));
    }
  }
  const endsAtMs = Date.now() + patienceMs;
  for (;;) {
    const state = await workState(access);
    if (state.state === (isEnabled ? 'working' : 'stopped') || Date.now() >= endsAtMs) return state;
    await wait(pollMs);
  }
}

/** Whatever takes messages from the work queue: the worker alone. */
async function mappings({ lambda, sqs, queueUrl }: Access): Promise<EventSourceMappingConfiguration[]> {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['QueueArn'] }),
  );
  const found: EventSourceMappingConfiguration[] = [];
  const pages = paginateListEventSourceMappings({ client: lambda }, { EventSourceArn: Attributes?.['QueueArn'] });
  for await (const { EventSourceMappings = [] } of pages) found.push(...EventSourceMappings);
  if (found.length === 0) throw new StartError('Nothing takes messages from the work queue: run npm run deploy.');
  return found;
}
