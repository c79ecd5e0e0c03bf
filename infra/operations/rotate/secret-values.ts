import { hash } from 'node:crypto';
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { nextStage } from '../../../shared/contract.ts';
import { StartError } from '../../local/host/start-error.ts';

type Client = Pick<SecretsManagerClient, 'send'>;

/** A value of a secret, and when it was put. */
export interface Value {
  readonly text: string;
  readonly versionId: string;
  readonly putAtMs: number;
}

/** The values of a secret that functions look at. */
export interface Values {
  readonly current: Value;
  readonly previous: Value | undefined;
  readonly next: Value | undefined;
}

/**
 * As they stood at one moment: read again where somebody put a value meanwhile.
 * @throws what Secrets Manager says, also where nobody has stored a value.
 */
export async function readValues(client: Client, secretId: string): Promise<Values> {
  const read = (stage: string) => readValue(client, secretId, stage);
  for (let current = await read('AWSCURRENT'); ; ) {
    const [previous, next] = await Promise.all([read('AWSPREVIOUS'), read(nextStage)]);
    const still = await read('AWSCURRENT');
    if (still === undefined) throw new Error('The secret has no value yet.');
    if (still.versionId === current?.versionId) return { current: still, previous, next };
    current = still;
  }
}

async function readValue(client: Client, secretId: string, stage: string): Promise<Value | undefined> {
  try {
    const {
      SecretString: text,
      VersionId: versionId = '',
      CreatedDate: putAt,
    } = await client.send(new GetSecretValueCommand({ SecretId: secretId, VersionStage: stage }));
    return text === undefined ? undefined : { text, versionId, putAtMs: putAt?.getTime() ?? 0 };
  } catch (error) {
    if (error instanceof ResourceNotFoundException && stage !== 'AWSCURRENT') return undefined;
    throw error;
  }
}

/**
 * The next value: accepted from now on, wherever somebody looks again, and used for nothing. It replaces the one that was to
 * come.
 */
export async function putNext(client: Client, secretId: string, text: string): Promise<string> {
  const put = { SecretId: secretId, SecretString: text, VersionStages: [nextStage] };
  return (await client.send(new PutSecretValueCommand(put))).VersionId ?? '';
}

/**
 * The current value; the current one is the previous one then, and the previous one is gone. Each is a version of its own,
 * also of a text that was there before: functions count from when it was put.
 *
 * It follows those that were seen, and is named after them: of two people who put the same at once the second changes
 * nothing, where it would end the value before.
 * @returns the values as they are then, as far as they tell of a next one.
 * @throws {StartError} where somebody has put another one meanwhile.
 */
export async function putCurrent(client: Client, secretId: string, text: string, seen: Seen): Promise<Seen> {
  const names = [secretId, seen.current.versionId, seen.previous?.versionId];
  const put = { SecretId: secretId, SecretString: text, ClientRequestToken: hash('sha256', JSON.stringify(names)) };
  try {
    const { VersionId: versionId = '' } = await client.send(new PutSecretValueCommand(put));
    return { current: { versionId }, previous: seen.current };
  } catch (error) {
    if (!(error instanceof ResourceExistsException)) throw error;
    throw new StartError('Somebody else has put another value at this moment: nothing was done. Look how it stands.', {
      cause: error,
    });
  }
}

/** Which values somebody decides by. */
export interface Seen {
  readonly current: Pick<Value, 'versionId'>;
  readonly previous: Pick<Value, 'versionId'> | undefined;
}
