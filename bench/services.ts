import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDynamoDb } from '../infra/local/dynamodb/dynamodb.ts';
import { listenInternally } from '../infra/local/host/listen.ts';
import { accountId } from '../infra/local/lambda/lambda-environment.ts';
import { openSecretStore } from '../infra/local/secrets/secret-store.ts';
import { startSecretsManager } from '../infra/local/secrets/secrets-manager.ts';
import { startSqs } from '../infra/local/sqs/sqs.ts';
import { answerParent } from './child.ts';
import { startDistance } from './distance.ts';
import { answerOf } from './platform-answers.ts';

/** Where the services of a run are. */
export interface Services {
  readonly dynamoDb: string;
  readonly secretsManager: string;
  readonly sqs: string;
  readonly platform: string;
  readonly queueUrl: string;
}

/** The services' operations and the calls of the platform since they were last asked for. */
export type Counts = Readonly<Record<string, number>>;

/** Of every process of the benchmark. */
const accessKey = { accessKeyId: 'local', secretAccessKey: 'local' };

/**
 * The program of a process that is everything the functions reach, so that none of it counts as theirs: DynamoDB
 * (dynalite), SQS (fauxqs), Secrets Manager and a platform that knows a few answers by heart.
 */
const queueName = 'bench.fifo';
let services: Services | undefined;
let counts: Record<string, number> = {};
const count = (what: string): void => {
  counts[what] = (counts[what] ?? 0) + 1;
};

answerParent({
  async start(secrets: Readonly<Record<string, string>>): Promise<Services> {
    const directory = mkdtempSync(join(tmpdir(), 'bench-'));
    process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
    const dynamoDb = await startDynamoDb({
      directory: join(directory, 'tables'),
      accessKey,
      onRequest: count,
      warn: console.warn,
    });
    const definitions = Object.entries(secrets).map(([name, initialValue]) => ({
      logicalId: name,
      name,
      arn: name,
      initialValue,
      generate: {},
    }));
    const store = openSecretStore(join(directory, 'secrets'), definitions, new Map());
    const secretsManager = await startSecretsManager({ store, accessKey, warn: console.warn });
    const sqs = await startSqs(accessKey);
    const queueUrl = `${sqs.endpoint}/${accountId}/${queueName}`;
    const attributes = {
      FifoQueue: 'true',
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
    };
    await sqs.create({
      logicalId: 'Bench',
      name: queueName,
      arn: '',
      url: queueUrl,
      attributes,
      deadLetters: undefined,
    });
    sqs.onAnswered(count);
    services = {
      dynamoDb: dynamoDb.endpoint,
      secretsManager: secretsManager.endpoint,
      sqs: sqs.endpoint,
      platform: await startPlatform(),
      queueUrl,
    };
    return services;
  },
  /** The same services, from so far away. Only from there are calls of Secrets Manager counted. */
  async distant(delayMs: number): Promise<Services> {
    if (services === undefined) throw new Error('Nothing was started.');
    const sqs = await startDistance(services.sqs, delayMs);
    return {
      dynamoDb: await startDistance(services.dynamoDb, delayMs),
      secretsManager: await startDistance(services.secretsManager, delayMs, ({ headers }) =>
        count(String(headers['x-amz-target']).replace('secretsmanager.', '')),
      ),
      sqs,
      platform: await startDistance(services.platform, delayMs),
      queueUrl: services.queueUrl.replace(services.sqs, sqs),
    };
  },
  counts(): Counts {
    const taken = counts;
    counts = {};
    return taken;
  },
});

async function startPlatform(): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      count('platform');
      const { status, headers, body } = answerOf(request.url ?? '');
      response.writeHead(status, headers).end(body);
    });
  });
  server.keepAliveTimeout = 65_000;
  return await listenInternally(server);
}
