import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { awsClientOptions } from '../../shared/aws-client-options.ts';
import { environment } from '../../shared/contract.ts';
import { documentClient } from '../../shared/store/dynamodb.ts';
import type { TableNames } from '../../shared/store/held-data.ts';
import { sentenceOfAws } from '../commands/aws-access.ts';
import type { DeployedStack } from '../commands/deployed-stack.ts';
import type { SelectedExtension } from '../commands/select-extension.ts';
import { StartError } from '../local/host/start-error.ts';
import { region as localRegion } from '../local/lambda/lambda-environment.ts';
import type { RunningExtension } from '../local/running-extension.ts';
import type { KeyName } from './rotate/rotation.ts';
import { secretIdIn } from './stored-secrets.ts';

/** An extension's stored data. Leaving its scope closes all connections. */
export interface OpenData extends Disposable {
  /** For sentences: the stack and its region, or this machine. */
  readonly where: string;
  readonly dynamoDb: DynamoDBClient;
  readonly documents: DynamoDBDocumentClient;
  readonly tables: TableNames;
  readonly sqs: SQSClient;
  readonly secretsManager: SecretsManagerClient;
  readonly workQueueUrl: string;
  readonly deadLettersUrl: string | undefined;
  /** Where it keeps the API key, or what can be rotated. @throws {StartError} where the extension has no such secret. */
  secretIdOf(key: 'api-key' | KeyName): string;
  hasSecret(key: KeyName): boolean;
}

interface Places extends Pick<OpenData, 'workQueueUrl' | 'deadLettersUrl' | 'tables' | 'secretIdOf' | 'hasSecret'> {
  readonly region: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly endpoints?: { readonly dynamoDb: string; readonly sqs: string; readonly secretsManager: string };
}

/**
 * Does something with the data of an extension.
 * @param left what a refusal of AWS's leaves behind, e.g. «Nothing was changed.»
 * @throws {StartError} with a sentence that says what to mend.
 */
export async function withData<Result>(
  selected: SelectedExtension,
  left: string,
  run: (data: OpenData) => Promise<Result>,
): Promise<Result> {
  using data = openData(selected);
  try {
    return await run(data);
  } catch (error) {
    const sentence =
      error instanceof StartError ? undefined : sentenceOfAws(error, selected.stack?.region ?? 'this machine');
    throw sentence === undefined ? error : new StartError(`${sentence} ${left}`, { cause: error });
  }
}

function openData({ stack, running, where }: SelectedExtension): OpenData {
  const { region, credentials, endpoints, ...places } = running === undefined ? deployed(stack) : local(running);
  const options = {
    region,
    ...(credentials && { credentials }),
    ...awsClientOptions({ requestTimeoutMs: 10_000, maxAttempts: 6 }),
  };
  const at = (endpoint: string | undefined) => ({ ...options, ...(endpoint !== undefined && { endpoint }) });
  const dynamoDb = new DynamoDBClient(at(endpoints?.dynamoDb));
  // A queue's URL may name its host otherwise than the endpoint that is to be asked, which the SDK would warn of.
  const sqs = new SQSClient({ ...at(endpoints?.sqs), useQueueUrlAsEndpoint: false });
  const secretsManager = new SecretsManagerClient(at(endpoints?.secretsManager));
  return {
    ...places,
    where,
    dynamoDb,
    documents: documentClient(dynamoDb),
    sqs,
    secretsManager,
    [Symbol.dispose]() {
      for (const client of [dynamoDb, sqs, secretsManager]) client.destroy();
    },
  };
}

/** @throws {StartError} where the stack was deployed before it had that output. */
function outputOf({ name, outputs }: DeployedStack, id: string): string {
  const value = outputs.get(id);
  if (value !== undefined) return value;
  throw new StartError(
    `The stack ${name} has no output ${id}: run npm run deploy with this version of the template, then this again.`,
  );
}

function deployed(stack: DeployedStack): Places {
  const output = (id: string) => outputOf(stack, id);
  return {
    region: stack.region,
    tables: {
      installations: output('InstallationsTableName'),
      userCache: output('UserCacheTableName'),
      deliveries: output('DeliveriesTableName'),
    },
    workQueueUrl: output('WorkQueueUrl'),
    deadLettersUrl: output('DeadLetterQueueUrl'),
    hasSecret: (key) => key !== 'edge' || stack.outputs.has('EdgeKey'),
    secretIdOf(key) {
      if (key === 'edge' && !stack.outputs.has('EdgeKey')) throw new StartError(noEdge);
      return secretIdIn(output(secretOutputs[key]));
    },
  };
}

const noEdge = 'There is no edge key: the configuration has no edge, so that nothing is in front of the API.';

const secretOutputs = {
  'api-key': 'SetApiKey',
  'api-secret': 'SetApiSecret',
  session: 'SessionKeySecretId',
  token: 'TokenKeySecretId',
  webhook: 'WebhookKeySecretId',
  edge: 'EdgeKey',
} as const;

const localSecrets = {
  'api-key': environment.apiKeySecretId,
  session: environment.sessionKeySecretId,
  token: environment.tokenKeySecretId,
  webhook: environment.webhookKeySecretId,
  'api-secret': environment.apiSecretSecretId,
} as const;

function local(running: RunningExtension): Places {
  const name = (variable: string) => running.resourceNames[variable] ?? '';
  const workQueueUrl = name(environment.workQueueUrl);
  return {
    region: localRegion,
    credentials: running.accessKey,
    endpoints: {
      dynamoDb: running.dynamoDbEndpoint,
      sqs: running.sqsEndpoint,
      secretsManager: running.secretsEndpoint,
    },
    tables: {
      installations: name(environment.installationsTable),
      userCache: name(environment.userCacheTable),
      deliveries: name(environment.deliveriesTable),
    },
    workQueueUrl,
    deadLettersUrl: running.redrives.find(({ url }) => url === workQueueUrl)?.deadLettersUrl,
    hasSecret: (key) => key !== 'edge' && name(localSecrets[key]) !== '',
    secretIdOf(key) {
      if (key === 'edge') throw new StartError(noEdge);
      const id = name(localSecrets[key]);
      if (id !== '') return id;
      throw new StartError('The configuration has webhooks.secret api-secret: webhooks have no key of their own.');
    },
  };
}
