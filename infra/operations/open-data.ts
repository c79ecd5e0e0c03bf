import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { awsClientOptions } from '../../shared/aws-client-options.ts';
import type { Extension } from '../../shared/config.ts';
import { environment } from '../../shared/contract.ts';
import { documentClient } from '../../shared/store/dynamodb.ts';
import type { TableNames } from '../../shared/store/held-data.ts';
import { accessRefusal } from '../commands/aws-access.ts';
import { findDeployedStack, stackNameOf } from '../commands/deployed-stack.ts';
import { openEnvironmentFile } from '../local/host/environment-file.ts';
import { StartError } from '../local/host/start-error.ts';
import { region as localRegion } from '../local/lambda/lambda-environment.ts';
import { findRunning } from '../local/running-extension.ts';

/** Which extension's data, as options of a command say. */
export interface WhichData {
  /** The one that runs on this machine. */
  readonly local: boolean;
  readonly stack?: string | undefined;
  readonly region?: string | undefined;
  readonly profile?: string | undefined;
}

/** Those options, for `parseArgs`. */
export const whichData = {
  local: { type: 'boolean', default: false },
  stack: { type: 'string' },
  region: { type: 'string' },
  profile: { type: 'string' },
} as const;

/** An extension's stored data. Leaving its scope closes all connections. */
export interface OpenData extends Disposable {
  /** For sentences: the stack and its region, or this machine. */
  readonly where: string;
  readonly documents: DynamoDBDocumentClient;
  readonly tables: TableNames;
  readonly sqs: SQSClient;
  readonly secretsManager: SecretsManagerClient;
  readonly workQueueUrl: string;
  readonly deadLettersUrl: string | undefined;
  readonly apiKeySecretId: string;
  readonly tokenKeySecretId: string;
}

interface Places
  extends Pick<
    OpenData,
    'where' | 'workQueueUrl' | 'deadLettersUrl' | 'apiKeySecretId' | 'tokenKeySecretId' | 'tables'
  > {
  readonly region: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly endpoints?: { readonly dynamoDb: string; readonly sqs: string; readonly secretsManager: string };
}

/**
 * Does something with the data of the deployed stack, or of the extension that runs on this machine.
 * @param left what a refusal of AWS's leaves behind, e.g. «Nothing was changed.»
 * @throws {StartError} with a sentence that says what to mend.
 */
export async function withData<Result>(
  which: WhichData,
  extension: Pick<Extension, 'name' | 'stage'>,
  left: string,
  run: (data: OpenData) => Promise<Result>,
): Promise<Result> {
  using data = await openData(which, extension);
  try {
    return await run(data);
  } catch (error) {
    throw isOfAws(error) ? refusedByAws(error, left) : error;
  }
}

async function openData(which: WhichData, extension: Pick<Extension, 'name' | 'stage'>): Promise<OpenData> {
  const { region, credentials, endpoints, ...places } = which.local
    ? await onThisMachine()
    : await deployed(which, extension);
  const options = {
    region,
    ...(credentials && { credentials }),
    ...awsClientOptions({ requestTimeoutMs: 10_000, maxAttempts: 6 }),
  };
  const at = (endpoint: string | undefined) => ({ ...options, ...(endpoint !== undefined && { endpoint }) });
  const dynamoDb = new DynamoDBClient(at(endpoints?.dynamoDb));
  const sqs = new SQSClient(at(endpoints?.sqs));
  const secretsManager = new SecretsManagerClient(at(endpoints?.secretsManager));
  return {
    ...places,
    documents: documentClient(dynamoDb),
    sqs,
    secretsManager,
    [Symbol.dispose]() {
      for (const client of [dynamoDb, sqs, secretsManager]) client.destroy();
    },
  };
}

async function deployed(
  { stack: name, region, profile }: WhichData,
  extension: Pick<Extension, 'name' | 'stage'>,
): Promise<Places> {
  if (profile) process.env['AWS_PROFILE'] = profile;
  const stack = await findDeployedStack(name ?? stackNameOf(extension), region);
  const output = (id: string): string => {
    const value = stack.outputs.get(id);
    if (value !== undefined) return value;
    throw new StartError(
      `The stack ${stack.name} has no output ${id}: run npm run deploy with this version of the template, then this again.`,
    );
  };
  return {
    where: `the stack ${stack.name} in ${stack.region}`,
    region: stack.region,
    tables: {
      installations: output('InstallationsTableName'),
      userCache: output('UserCacheTableName'),
      deliveries: output('DeliveriesTableName'),
    },
    workQueueUrl: output('WorkQueueUrl'),
    deadLettersUrl: output('DeadLetterQueueUrl'),
    apiKeySecretId: /--secret-id (\S+)/.exec(output('SetApiKey'))?.[1] ?? '',
    tokenKeySecretId: output('TokenKeySecretId'),
  };
}

async function onThisMachine(): Promise<Places> {
  openEnvironmentFile();
  const running = await findRunning(process.env['LOCAL_DATA_DIR'] || undefined, '.local');
  const name = (variable: string) => running.resourceNames[variable] ?? '';
  const workQueueUrl = name(environment.workQueueUrl);
  return {
    where: 'the extension on this machine',
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
    apiKeySecretId: name(environment.apiKeySecretId),
    tokenKeySecretId: name(environment.tokenKeySecretId),
  };
}

/** What an AWS service refused, as a sentence. */
function refusedByAws(cause: Error, left: string): StartError {
  const sentence = accessRefusal(cause, 'this region') ?? `AWS says ${cause.name}: ${cause.message}`;
  return new StartError(`${sentence.replace(/\.?$/, '.')} ${left}`, { cause });
}

/** Whether an error came from AWS's SDK or from the network, and is no mistake of ours. */
function isOfAws(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const isOfNetwork = 'code' in error && /^E[A-Z_]+$/.test(String(error.code));
  return isOfNetwork || '$metadata' in error || error.name === 'CredentialsProviderError';
}
