import {
  GetSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { awsClientOptions } from '../aws-client-options.ts';
import { ConfigurationError } from '../config.ts';
import { nextStage } from '../contract.ts';
import { deriveSealingKey, isSealingSecret, type KeyRing, type KeyUse, type SealingKey } from '../sealing.ts';

const stages = ['AWSCURRENT', 'AWSPREVIOUS', nextStage] as const;
type Stage = (typeof stages)[number];

/** A value that is older is asked for again, beside the request that uses it. */
const freshMs = 5 * 60_000;
/** One that is older is asked for before it is used: a process that was frozen accepts no retired secret. */
const staleMs = 15 * 60_000;
/** One that is older is used no more, although Secrets Manager cannot be reached: no retired secret lives for ever. */
const lastMs = 60 * 60_000;
/** An unknown key name makes us look again, but not more often than this: anybody can send one. Also after a failure. */
const lookAgainMs = 30_000;

interface Version {
  readonly text: string;
  /** 0 where it is not known. */
  readonly createdAtMs: number;
}

/** By two clocks: the monotonic one of a frozen machine may stand still, the other is set again. */
interface Moment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** One stage of one secret. */
interface Slot {
  readonly secretId: string;
  readonly stage: Stage;
  /** What came last: `version` is undefined where there is none. `since` is when what brought it first was asked. */
  held?: { readonly version: Version | undefined; readonly askedAt: Moment; readonly since: Moment };
  /** The request under way. */
  asking?: { readonly answer: Promise<void>; readonly askedAt: Moment } | undefined;
  /** What was asked for in advance; never rejects. */
  begun?: Promise<void>;
}

/**
 * The extension's secrets, kept in memory. A value older than five minutes is used and renewed at the same time; older
 * than fifteen, it is renewed first. Where that fails, the value that is held is used until it is an hour old.
 */
export class Secrets {
  readonly #client: Pick<SecretsManagerClient, 'send'>;
  readonly #clocks: { now(): Date; monotonicMs(): number };
  readonly #slots = new Map<string, Slot>();
  #failedAt: Moment | undefined;

  constructor(
    client: Pick<SecretsManagerClient, 'send'> = new SecretsManagerClient(awsClientOptions()),
    clocks = { now: () => new Date(), monotonicMs: () => performance.now() },
  ) {
    this.#client = client;
    this.#clocks = clocks;
  }

  /** Asks for the current values side by side, for whoever needs them first. What fails is asked for again by then. */
  begin(secretIds: readonly string[]): void {
    for (const secretId of secretIds) {
      const slot = this.#slot(secretId, 'AWSCURRENT');
      slot.begun = this.#ask(slot, freshMs).catch(() => undefined);
    }
  }

  /** The current value. @throws where the secret does not exist, cannot be read, or has no value yet. */
  async value(secretId: string): Promise<string> {
    return (await this.#current(secretId)).text;
  }

  /**
   * The current value and, while that is younger than `previousForSeconds`, the one before it: what a signature may have
   * been made with. @throws as `value` does.
   */
  async values(
    secretId: string,
    { previousForSeconds }: { readonly previousForSeconds: number },
  ): Promise<readonly string[]> {
    const current = await this.#current(secretId);
    const isYoung = this.#clocks.now().getTime() - current.createdAtMs < previousForSeconds * 1000;
    const previous = isYoung ? await this.#read(secretId, 'AWSPREVIOUS') : undefined;
    return previous === undefined ? [current.text] : [current.text, previous.text];
  }

  /**
   * What else may be right where `values` had nothing that is: the value that comes next, and the current one as of half a
   * minute ago. @throws where they cannot be read.
   */
  async newestValues(secretId: string): Promise<readonly string[]> {
    const newest = [await this.#read(secretId, 'AWSCURRENT', lookAgainMs), await this.#read(secretId, nextStage)];
    return newest.flatMap((version) => version?.text ?? []);
  }

  /**
   * The sealing keys in a secret: a rotation is a new secret value, and the previous one and the next one open too. A name
   * that is not held is looked for again, in the ring of offline tokens always: `find` throws there where that cannot be done.
   * @throws {ConfigurationError} where the current value is too short for a key.
   */
  keyRing(secretId: string, use: KeyUse): KeyRing {
    const derived = new WeakMap<Version, SealingKey>();
    const keyOf = (version: Version): SealingKey => {
      const held = derived.get(version);
      if (held !== undefined) return held;
      const key = deriveSealingKey(version.text, use);
      derived.set(version, key);
      return key;
    };
    const findIn = async (read: (stage: Stage) => Promise<Version | undefined>, kid: string) => {
      for (const stage of stages) {
        const version = await read(stage);
        // A mistake that was put right is no key, and must not stand in the way of the others.
        const isKey = version !== undefined && (stage === 'AWSCURRENT' || isSealingSecret(version.text));
        if (isKey && keyOf(version).kid === kid) return keyOf(version);
      }
      return undefined;
    };
    // Browsers send names of session keys, and may invent them; those of offline tokens are in rows of ours.
    const readAgain = (stage: Stage) =>
      use === 'session' ? this.#read(secretId, stage, lookAgainMs) : this.#readNow(secretId, stage);
    return {
      current: async () => keyOf(await this.#current(secretId)),
      find: async (kid) =>
        (await findIn((stage) => this.#read(secretId, stage), kid)) ?? (await findIn(readAgain, kid)),
    };
  }

  /**
   * Resolves once nothing is asked for any more; undefined where nothing is. A process that is about to be frozen waits
   * for it.
   */
  settled(): Promise<unknown> | undefined {
    const answers = [...this.#slots.values()].flatMap(({ asking }) => asking?.answer ?? []);
    return answers.length === 0 ? undefined : Promise.allSettled(answers);
  }

  async #current(secretId: string): Promise<Version> {
    const version = await this.#read(secretId, 'AWSCURRENT');
    if (version !== undefined) return version;
    throw new ConfigurationError(`The secret behind ${secretId.split(':').at(-1)} has no value yet.`);
  }

  /** As of `maxAgeMs` ago at most, unless Secrets Manager cannot be reached. */
  async #read(secretId: string, stage: Stage, maxAgeMs = staleMs): Promise<Version | undefined> {
    const slot = this.#slot(secretId, stage);
    await slot.begun;
    const now = this.#moment();
    // A request needs several secrets: a Secrets Manager that does not answer is waited for once, not for each.
    const isDown = this.#failedAt !== undefined && msBetween(this.#failedAt, now) < lookAgainMs;
    if (!isDown) this.#renewOld(now);
    const { held } = slot;
    const ageMs = this.#isOfAnother(slot) ? 0 : maxAgeMs;
    if (held !== undefined && msBetween(held.askedAt, now) < (isDown ? lastMs : ageMs)) return held.version;
    try {
      await this.#ask(slot, ageMs);
    } catch (error) {
      if (held === undefined || msBetween(held.askedAt, this.#moment()) >= lastMs) throw error;
    }
    return slot.held?.version;
  }

  /** What was the value before, when the current one was another: by now that is the one before. */
  #isOfAnother({ secretId, stage, held }: Slot): boolean {
    const current = this.#slot(secretId, 'AWSCURRENT').held;
    if (stage !== 'AWSPREVIOUS' || held === undefined || current === undefined) return false;
    return held.askedAt.monotonicMs < current.since.monotonicMs;
  }

  async #readNow(secretId: string, stage: Stage): Promise<Version | undefined> {
    const slot = this.#slot(secretId, stage);
    await this.#ask(slot, 0);
    return slot.held?.version;
  }

  /** All at once: after a long freeze a request that needs several waits for one. */
  #renewOld(now: Moment): void {
    for (const slot of this.#slots.values()) {
      if (slot.held === undefined || msBetween(slot.held.askedAt, now) < freshMs) continue;
      this.#ask(slot, freshMs).catch(() => undefined);
    }
  }

  /** Joins a request that was made less than `maxAgeMs` ago. @throws where Secrets Manager gives no response. */
  #ask(slot: Slot, maxAgeMs: number): Promise<void> {
    const askedAt = this.#moment();
    if (slot.asking !== undefined && msBetween(slot.asking.askedAt, askedAt) < maxAgeMs) return slot.asking.answer;
    const answer = this.#renew(slot, askedAt);
    slot.asking = { answer, askedAt };
    return answer;
  }

  async #renew(slot: Slot, askedAt: Moment): Promise<void> {
    try {
      const version = await this.#fetch(slot);
      // One that was overtaken by a later request has nothing to add.
      if (slot.held === undefined || slot.asking?.askedAt === askedAt) {
        const { held } = slot;
        const isSame = held?.version?.text === version?.text && held?.version?.createdAtMs === version?.createdAtMs;
        slot.held = { version, askedAt, since: isSame && held !== undefined ? held.since : askedAt };
      }
    } catch (error) {
      // One that has no value yet says nothing about the others.
      if (!(error instanceof ResourceNotFoundException)) this.#failedAt = this.#moment();
      throw error;
    } finally {
      if (slot.asking?.askedAt === askedAt) slot.asking = undefined;
    }
  }

  async #fetch({ secretId, stage }: Slot): Promise<Version | undefined> {
    try {
      const { SecretString: text, CreatedDate: createdAt } = await this.#client.send(
        new GetSecretValueCommand({ SecretId: secretId, VersionStage: stage }),
      );
      return text === undefined ? undefined : { text, createdAtMs: createdAt?.getTime() ?? 0 };
    } catch (error) {
      // What a secret that was never rotated says about its other values.
      if (error instanceof ResourceNotFoundException && stage !== 'AWSCURRENT') return undefined;
      throw error;
    }
  }

  #slot(secretId: string, stage: Stage): Slot {
    const name = `${secretId} ${stage}`;
    const slot = this.#slots.get(name) ?? { secretId, stage };
    this.#slots.set(name, slot);
    return slot;
  }

  #moment(): Moment {
    return { monotonicMs: this.#clocks.monotonicMs(), wallMs: this.#clocks.now().getTime() };
  }
}

function msBetween(then: Moment, now: Moment): number {
  return Math.max(now.monotonicMs - then.monotonicMs, now.wallMs - then.wallMs);
}
