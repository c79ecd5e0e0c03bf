import {
  GetSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { awsClientOptions } from '../aws-client-options.ts';
import { deriveSealingKey, type KeyRing, type SealingKey } from '../sealing.ts';

type Stage = 'AWSCURRENT' | 'AWSPREVIOUS';

/** A rotated secret is noticed after at most this long. */
const freshMs = 5 * 60_000;
/** An unknown key name makes us look again, but not more often than this: anybody can send one. Also after a failure. */
const lookAgainMs = 30_000;

interface Held {
  readonly value: Promise<string | undefined>;
  readonly fetchedAtMs: number;
}

/** The extension's secrets, kept in memory for five minutes. A refresh that fails leaves the value that is held. */
export class Secrets {
  readonly #client: Pick<SecretsManagerClient, 'send'>;
  readonly #now: () => number;
  readonly #held = new Map<string, Held>();
  #failedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    client: Pick<SecretsManagerClient, 'send'> = new SecretsManagerClient(awsClientOptions()),
    now = () => performance.now(),
  ) {
    this.#client = client;
    this.#now = now;
  }

  /** The current value. @throws where the secret does not exist or cannot be read. */
  async value(secretId: string): Promise<string> {
    const value = await this.#read(secretId, 'AWSCURRENT', freshMs);
    if (value === undefined) throw new Error(`The secret behind ${secretId.split(':').at(-1)} has no value yet.`);
    return value;
  }

  /** The current value and the one before it, if there is one: what a signature may have been made with. */
  async values(secretId: string): Promise<readonly string[]> {
    const [current, previous] = await Promise.all([this.value(secretId), this.#read(secretId, 'AWSPREVIOUS', freshMs)]);
    return previous === undefined ? [current] : [current, previous];
  }

  /** The sealing keys in a secret: a rotation is a new secret value, and the previous one still opens. */
  keyRing(secretId: string): KeyRing {
    return {
      current: async () => sealingKey(await this.value(secretId)),
      find: async (kid) => {
        for (const maxAgeMs of [freshMs, lookAgainMs]) {
          for (const stage of ['AWSCURRENT', 'AWSPREVIOUS'] as const) {
            const value = await this.#read(secretId, stage, maxAgeMs);
            const key = value === undefined ? undefined : sealingKey(value);
            if (key?.kid === kid) return key;
          }
        }
        return undefined;
      },
    };
  }

  async #read(secretId: string, stage: Stage, maxAgeMs: number): Promise<string | undefined> {
    const name = `${secretId} ${stage}`;
    const held = this.#held.get(name);
    // A request needs several secrets: Secrets Manager that does not answer is waited for once, not for each.
    const isDown = this.#now() - this.#failedAtMs < lookAgainMs;
    if (held !== undefined && (isDown || this.#now() - held.fetchedAtMs < maxAgeMs)) return await held.value;
    const fetching = this.#fetch(secretId, stage);
    this.#held.set(name, { value: fetching, fetchedAtMs: this.#now() });
    try {
      return await fetching;
    } catch (error) {
      this.#failedAtMs = this.#now();
      if (held === undefined) {
        this.#held.delete(name);
        throw error;
      }
      this.#held.set(name, { value: held.value, fetchedAtMs: this.#now() });
      return await held.value;
    }
  }

  async #fetch(secretId: string, stage: Stage): Promise<string | undefined> {
    try {
      const answer = await this.#client.send(new GetSecretValueCommand({ SecretId: secretId, VersionStage: stage }));
      return answer.SecretString;
    } catch (error) {
      // What a secret that was never rotated says about its previous value.
      if (error instanceof ResourceNotFoundException && stage === 'AWSPREVIOUS') return undefined;
      throw error;
    }
  }
}

const derived = new Map<string, SealingKey>();

function sealingKey(secretText: string): SealingKey {
  const held = derived.get(secretText);
  if (held !== undefined) return held;
  const key = deriveSealingKey(secretText);
  derived.set(secretText, key);
  return key;
}
