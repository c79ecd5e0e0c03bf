import { randomUUID } from 'node:crypto';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { StartError } from './host/start-error.ts';
import type { RunningExtension } from './running-extension.ts';
import { localSqsClient } from './sqs/local-sqs-client.ts';

/**
 * Does now what EventBridge Scheduler would do when the schedule is due: sends its input to its queue.
 * @throws {StartError} where there is no such schedule, naming those that there are.
 */
export async function sendScheduled(
  { sqsEndpoint, accessKey, schedules }: RunningExtension,
  name: string,
): Promise<void> {
  const schedule = schedules.find((one) => one.name === name);
  if (!schedule) {
    const names = schedules.map((one) => one.name).join(', ');
    throw new StartError(
      `There is no schedule ${JSON.stringify(name)}. ${names ? `There are: ${names}.` : 'The configuration has none.'}`,
    );
  }
  using client = localSqsClient(sqsEndpoint, accessKey);
  await client.send(
    new SendMessageCommand({
      QueueUrl: schedule.queueUrl,
      MessageBody: fillIn(schedule, new Date()),
      MessageGroupId: schedule.groupId,
    }),
  );
}

/** https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html */
function fillIn({ arn, body }: { readonly arn: string; readonly body: string }, now: Date): string {
  const values: Readonly<Record<string, string>> = {
    'schedule-arn': arn,
    // With milliseconds, unlike there: by hand a schedule may run twice in a second, and one run is done once.
    'scheduled-time': now.toISOString(),
    'execution-id': randomUUID(),
    'attempt-number': '1',
  };
  return body.replaceAll(/<aws\.scheduler\.([a-z-]+)>/g, (whole, name: string) => values[name] ?? whole);
}
