import { LambdaClient, ListEventSourceMappingsCommand, UpdateEventSourceMappingCommand } from '@aws-sdk/client-lambda';
import { SQSClient } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { setDelivery, workState } from '../../../infra/operations/work/deliver-work.ts';

const queueUrl = 'https://sqs.us-east-1.amazonaws.com/1/work.fifo';

/** Lambda, whose one mapping needs a look or two until it is as it was told to be, and a queue with three messages. */
function access(initial: string) {
  const mapping = { UUID: 'mapping-1', State: initial };
  let wished = initial;
  const updates: unknown[] = [];
  const lambda = new LambdaClient({ region: 'us-east-1' });
  lambda.send = ((command: unknown) => {
    if (command instanceof UpdateEventSourceMappingCommand) {
      updates.push(command.input);
      wished = command.input.Enabled === true ? 'Enabled' : 'Disabled';
      mapping.State = `${wished.slice(0, -1)}ing`.replace('Enableing', 'Enabling').replace('Disableing', 'Disabling');
      return Promise.resolve({});
    }
    if (command instanceof ListEventSourceMappingsCommand) {
      const found = { EventSourceMappings: [{ ...mapping }] };
      expect(command.input.EventSourceArn).toBe('arn:work');
      mapping.State = wished;
      return Promise.resolve(found);
    }
    throw new Error('unexpected');
  }) as typeof lambda.send;
  const sqs = new SQSClient({ region: 'us-east-1' });
  sqs.send = (command: { input: { AttributeNames?: readonly string[] } }) =>
    Promise.resolve({
      Attributes: command.input.AttributeNames?.includes('QueueArn')
        ? { QueueArn: 'arn:work' }
        : { ApproximateNumberOfMessages: '2', ApproximateNumberOfMessagesNotVisible: '1' },
    });
  return { access: { lambda, sqs, queueUrl }, updates };
}

test('work is stopped where Lambda hands messages over, and it is waited for until that has happened', async () => {
  const { access: to, updates } = access('Enabled');
  expect(await workState(to)).toEqual({ state: 'working', waiting: 3 });
  expect(await setDelivery(to, false)).toEqual({ state: 'stopped', waiting: 3 });
  expect(updates).toEqual([{ UUID: 'mapping-1', Enabled: false }]);
  expect(await setDelivery(to, true)).toEqual({ state: 'working', waiting: 3 });
});

test('what is as it is wished already is left alone', async () => {
  const { access: to, updates } = access('Disabled');
  expect(await setDelivery(to, false)).toMatchObject({ state: 'stopped' });
  expect(updates).toEqual([]);
});
