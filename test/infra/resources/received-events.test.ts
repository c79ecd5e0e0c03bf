import { describe, expect, test } from 'vitest';
import { ofType, receivingSample, sample, single, synthesizedStack, target } from '../synthesized-stack.ts';

const { resources } = synthesizedStack({ extension: receivingSample });
const queues = ofType(resources, 'AWS::SQS::Queue');

interface Statement {
  readonly Effect: string;
  readonly Principal: unknown;
  readonly Action: string | string[];
  readonly Condition?: object;
}
const allowed = [...ofType(resources, 'AWS::SQS::QueuePolicy').values()].flatMap(({ Properties }) =>
  (Properties.PolicyDocument as { Statement: Statement[] }).Statement.filter(({ Effect }) => Effect === 'Allow').map(
    (statement) => ({ queue: target((Properties.Queues as unknown[])[0]), ...statement }),
  ),
);
const root = { AWS: 'arn:aws:iam::123456789012:root' };

describe('what another account may send events to', () => {
  test('is there only where the configuration names the account', () => {
    const without = synthesizedStack({ extension: sample }).resources;
    expect(ofType(without, 'AWS::SQS::Queue').size).toBe(2);
    expect(ofType(without, 'AWS::Events::EventBus').size).toBe(0);
    expect([...queues.keys()].filter((id) => id.startsWith('Received'))).toEqual([
      'ReceivedEventsDeadLetters',
      'ReceivedEventsQueue',
    ]);
  });

  test('is a queue that lets in that account, and the rule of the bus: nobody else, and nothing with a wildcard', () => {
    expect(allowed.filter(({ queue }) => queue === 'ReceivedEventsQueue')).toMatchObject([
      { Principal: root, Action: ['sqs:GetQueueUrl', 'sqs:SendMessage'] },
      {
        Principal: { Service: 'events.amazonaws.com' },
        Condition: {
          ArnEquals: { 'aws:SourceArn': { 'Fn::GetAtt': [expect.stringMatching(/^ReceivedEventsRule/), 'Arn'] } },
        },
      },
    ]);
    for (const { queue } of allowed) expect(queue).toMatch(/^ReceivedEvents/);
    expect(JSON.stringify(allowed)).not.toContain('"*"');
  });

  test('is a bus that lets that account put events, of which a rule hands on the event itself', () => {
    expect(single(resources, 'AWS::Events::EventBusPolicy').Properties).toMatchObject({
      Statement: { Effect: 'Allow', Principal: root, Action: 'events:PutEvents' },
    });
    expect(single(resources, 'AWS::Events::Rule').Properties).toMatchObject({
      EventPattern: { account: ['123456789012'] },
      Targets: [{ InputPath: '$.detail', DeadLetterConfig: expect.anything() }],
    });
  });

  test('leads to one function, by no route, and from there to the work queue; the worker knows where they are', () => {
    const mappings = [...ofType(resources, 'AWS::Lambda::EventSourceMapping').values()].map(
      ({ Properties }) => `${target(Properties.EventSourceArn)} → ${target(Properties.FunctionName)}`,
    );
    expect(mappings.sort()).toEqual(['ReceivedEventsQueue → ReceiveEventFunction', 'WorkQueue → WorkerFunction']);
    const environment = ofType(resources, 'AWS::Lambda::Function').get('WorkerFunction')?.Properties.Environment as
      | { readonly Variables: Readonly<Record<string, unknown>> }
      | undefined;
    expect(['RECEIVED_QUEUE_URL', 'RECEIVED_BUS_ARN'].map((name) => target(environment?.Variables[name]))).toEqual([
      'ReceivedEventsQueue',
      'ReceivedEventsBus',
    ]);
  });
});
