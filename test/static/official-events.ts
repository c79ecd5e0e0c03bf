import { run } from '../../infra/emulator/child.ts';
import { check } from '../../infra/emulator/failure.ts';
import { buildSqsEvent } from '../../infra/local/sqs/build-sqs-event.ts';
import { gatewayEvent } from '../functions/fixture/event.ts';
import type { PythonTools } from './python-tools.ts';

/** Members of AWS's examples that an event of ours has no cause to have. */
const absentHere: Readonly<Record<string, string>> = {
  'requestContext.authentication': 'The API asks for no client certificate.',
  'requestContext.authorizer': 'The API has no authorizer.',
};

/** Members that ours has and AWS's examples lack. */
const absentThere: Readonly<Record<string, string>> = {
  'attributes.MessageGroupId': 'The example is of a queue that is not FIFO.',
  'attributes.MessageDeduplicationId': 'The example is of a queue that is not FIFO.',
  'attributes.SequenceNumber': 'The example is of a queue that is not FIFO.',
};

/**
 * Events as the SAM CLI prints them, against those that the tests hand to the functions and the local runtime builds.
 * @throws {Failure} naming members that only one of them has.
 */
export async function compareEvents(tools: PythonTools, directory: string): Promise<void> {
  const generate = async (...event: string[]): Promise<object> => {
    const env = { PATH: process.env['PATH'], HOME: directory, LANG: 'C.UTF-8', SAM_CLI_TELEMETRY: '0' };
    const { status, output } = await run(tools.sam, ['local', 'generate-event', ...event], { env });
    check(status === 0, `sam local generate-event ${event.join(' ')} failed.`, output);
    return JSON.parse(output) as object;
  };
  const ourGateway = gatewayEvent({ path: '/', query: 'a=1', cookie: 'a=1', body: '{}', pathParameters: { a: '1' } });
  compare('apigateway http-api-proxy', await generate('apigateway', 'http-api-proxy'), ourGateway);
  const { Records } = (await generate('sqs', 'receive-message')) as { Records: [object] };
  const [ourRecord] = buildSqsEvent([fifoMessage], 'arn:aws:sqs:us-east-1:123456789012:MyQueue.fifo').Records;
  compare('sqs receive-message', Records[0], ourRecord ?? {});
}

/** A message as SQS hands it out, with what a FIFO queue adds. */
export const fifoMessage = {
  MessageId: '19dd0b57-b21e-4ac1-bd88-01bbb068cb78',
  ReceiptHandle: 'MessageReceiptHandle',
  Body: 'Hello from SQS!',
  MD5OfBody: '7b270e59b47ff90a553787216d55d91d',
  Attributes: {
    ApproximateReceiveCount: '1',
    SentTimestamp: '1523232000000',
    SenderId: '123456789012',
    ApproximateFirstReceiveTimestamp: '1523232000001',
    MessageGroupId: 'company#1',
    MessageDeduplicationId: 'digest',
    SequenceNumber: '18849496460467696128',
  },
};

function compare(what: string, official: object, ours: object): void {
  const theirs = members(official);
  const own = members(ours);
  const within = (member: string, named: object) =>
    Object.keys(named).some((name) => member === name || member.startsWith(`${name}.`));
  const faults = [
    ...theirs
      .filter((member) => !own.includes(member) && !within(member, absentHere))
      .map((member) => `Ours has no ${member}.`),
    ...own
      .filter((member) => !theirs.includes(member) && !within(member, absentThere))
      .map((member) => `AWS’s has no ${member}.`),
  ];
  check(faults.length === 0, `The tests’ events are not of the shape of ${what}.`, faults.join('\n'));
}

/** Names of members, but for those that are data: headers, parameters. */
function members(value: object, path = ''): string[] {
  return Object.entries(value).flatMap(([name, member]) => {
    const own = `${path}${name}`;
    const isData = /^(headers|queryStringParameters|pathParameters|stageVariables|messageAttributes)$/.test(own);
    return typeof member === 'object' && member !== null && !Array.isArray(member) && !isData
      ? [own, ...members(member as object, `${own}.`)]
      : [own];
  });
}
