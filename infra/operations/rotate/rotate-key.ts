import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Extension } from '../../../shared/config.ts';
import { sweepSchedule } from '../../../shared/contract.ts';
import { deriveSealingKey, isSealingSecret } from '../../../shared/sealing.ts';
import { HeldData } from '../../../shared/store/held-data.ts';
import { StartError } from '../../local/host/start-error.ts';
import type { OpenData } from '../open-data.ts';
import { sendSchedule } from '../send-schedule.ts';
import { countRegistered, type RegisteredCompanies } from './registered-companies.ts';
import { countSealed, type ResealKeys, resealTokens, type SealedTokens } from './reseal-tokens.ts';
import { judgeRotation, type KeyName, type Rotation, readByAllMs } from './rotation.ts';
import { putCurrent, putNext, readValues, type Values } from './secret-values.ts';

export interface RotateOptions {
  readonly key: KeyName;
  readonly extension: Pick<Extension, 'events' | 'session' | 'webhooks'>;
  readonly isRead: boolean;
  readonly isLeaked: boolean;
  /** Ends what companies are still registered under: their events are refused until they are registered again. */
  readonly evenUnregistered: boolean;
  /** How long to wait for the worker to register companies. */
  readonly waitMs: number;
  readonly now: () => Date;
  /** Told, for who looks on, how far something has come. */
  readonly onProgress: (sentence: string) => void;
}

/** How the rotation of a key stands, with what still rests on the value before. */
export interface Standing extends Rotation {
  readonly key: KeyName;
  /** Of the next value, which `edge` is deployed with; undefined where none is announced. */
  readonly nextVersionId: string | undefined;
  /** Of the token key, while the value before it still counts. */
  readonly tokens: SealedTokens | undefined;
  /** Of what webhooks are signed with, while the value before it still counts. */
  readonly companies: RegisteredCompanies | undefined;
}

/** What a step came to. */
export interface Step {
  readonly standing: Standing;
  /** What was done; undefined where nothing was to be done. */
  readonly did: string | undefined;
  /** Why the next step cannot be taken now; undefined where it was taken. */
  readonly notYet: string | undefined;
}

export async function standingOf(data: OpenData, options: RotateOptions): Promise<Standing> {
  const values = await readValues(data.secretsManager, data.secretIdOf(options.key));
  const rotation = judgeRotation(options.key, values, rulesOf(options));
  const held = new HeldData(data.documents, data.tables);
  const isInUse = rotation.phase === 'in_use';
  return {
    key: options.key,
    ...rotation,
    nextVersionId: rotation.phase === 'announced' ? values.next?.versionId : undefined,
    tokens: isInUse && options.key === 'token' ? await countSealed(held, sealingKeys(values)) : undefined,
    companies: isInUse && isSigningKey(options) ? await countRegistered(held, values.current.text) : undefined,
  };
}

/**
 * Begins a rotation: another value is announced. Where there is one under way already, says so.
 * @param given the value that somebody else issued; it is in use at once. Absent: a random one.
 * @throws {StartError} where the last rotation is not finished: a third value would strand what rests on the first.
 */
export async function begin(data: OpenData, options: RotateOptions, given?: string): Promise<Step> {
  const { key, isLeaked } = options;
  const secretId = data.secretIdOf(key);
  const values = await readValues(data.secretsManager, secretId);
  const { phase } = judgeRotation(key, values, rulesOf(options));
  if (given !== undefined && given === values.current.text) {
    return { standing: await standingOf(data, options), did: undefined, notYet: undefined };
  }
  if (phase === 'in_use' && !(key === 'session' && isLeaked)) {
    throw new StartError(
      `The last rotation of the ${key} is not finished, and a third value would strand what still rests on the first: npm run rotate -- ${key} status`,
    );
  }
  if (given !== undefined) {
    await putCurrent(data.secretsManager, secretId, given, values);
    return await done(data, options, 'Stored: it is in use everywhere within fifteen minutes.');
  }
  const text = phase === 'announced' ? (values.next?.text ?? randomValue()) : randomValue();
  if (phase !== 'announced') await putNext(data.secretsManager, secretId, text);
  if (key === 'session' && isLeaked) {
    // The second time it is its own predecessor: nothing that the old one sealed opens any more.
    const seen = await putCurrent(data.secretsManager, secretId, text, values);
    await putCurrent(data.secretsManager, secretId, text, seen);
    return await done(
      data,
      options,
      'Every session is over: everybody signs in again. Each instance knows within fifteen minutes.',
    );
  }
  return await done(
    data,
    options,
    phase === 'announced' ? undefined : 'Another value is announced: it is accepted, and not used yet.',
  );
}

/** Takes the next step of a rotation, where it may be taken. Each can be repeated, and ended anywhere. */
export async function next(data: OpenData, options: RotateOptions): Promise<Step> {
  const { key, now } = options;
  const secretId = data.secretIdOf(key);
  const values = await readValues(data.secretsManager, secretId);
  const rotation = judgeRotation(key, values, rulesOf(options));
  if (rotation.phase === 'at_rest') {
    throw new StartError(`No rotation of the ${key} is under way: npm run rotate -- ${key} begin`);
  }
  if (rotation.phase === 'announced') {
    if (isEarly(rotation, now())) return await notYet(data, options, 'Not every instance has read the next value yet.');
    const text = values.next?.text ?? '';
    requireUsable(key, text);
    await putCurrent(data.secretsManager, secretId, text, values);
    return await done(data, options, 'The next value is in use, and the one before it still counts.');
  }
  // Registering takes a while, which need not be added to the time for which the value before counts.
  const isRegistering = isSigningKey(options) && (options.isRead || !isEarlyBy(rotation.sinceMs + readByAllMs, now()));
  const companies = isRegistering ? await register(data, options, values) : undefined;
  if (companies !== undefined && companies.behind > 0 && !(options.isLeaked && options.evenUnregistered)) {
    return await notYet(
      data,
      options,
      `${companies.behind} companies are not registered under the value in use yet: the worker is at it.`,
    );
  }
  if (isEarly(rotation, now())) return await notYet(data, options, 'The value before still counts.');
  if (key === 'token') await reseal(data, options, values);
  await putCurrent(data.secretsManager, secretId, values.current.text, values);
  return await done(
    data,
    options,
    'The value before counts no more: within fifteen minutes nowhere. The rotation is finished.',
  );
}

/** Goes back to the value before, while there is one. What was made with the other one is accepted until that is finished, too. */
export async function abort(data: OpenData, options: RotateOptions): Promise<Step> {
  const { key } = options;
  const secretId = data.secretIdOf(key);
  const values = await readValues(data.secretsManager, secretId);
  const { current, previous } = values;
  const { phase } = judgeRotation(key, values, rulesOf(options));
  if (phase === 'at_rest')
    throw new StartError(`No rotation of the ${key} is under way: there is nothing to go back to.`);
  if (phase === 'announced') {
    await putNext(data.secretsManager, secretId, current.text);
    return await done(data, options, 'The next value is dropped. Nothing was made with it.');
  }
  if (key === 'api-secret') {
    throw new StartError(
      'Which secret counts is decided in the partner panel: store the one that does with npm run rotate -- api-secret begin.',
    );
  }
  const text = previous?.text ?? current.text;
  requireUsable(key, text);
  await putNext(data.secretsManager, secretId, text);
  await putCurrent(data.secretsManager, secretId, text, values);
  return await done(
    data,
    options,
    'The value before is in use again, and the other one still counts: finish it as any rotation.',
  );
}

const rulesOf = ({ extension, isRead, isLeaked }: RotateOptions) => ({
  maxSessionHours: extension.session.maxHours,
  isRead,
  isLeaked,
});

/** Whether webhooks are signed with what this key makes, so that another value is to be registered everywhere. */
function isSigningKey({ key, extension: { events, webhooks } }: RotateOptions): boolean {
  return events.length > 0 && key === (webhooks.secret === 'api-secret' ? 'api-secret' : 'webhook');
}

const isEarlyBy = (fromMs: number, now: Date) => now.getTime() < fromMs;
const isEarly = ({ nextFromMs = 0 }: Rotation, now: Date) => isEarlyBy(nextFromMs, now);

/** @throws {StartError} where functions could make no key of it: somebody put it by hand. */
function requireUsable(key: KeyName, text: string): void {
  if (key === 'api-secret' || isSealingSecret(text)) return;
  throw new StartError(
    `That value has fewer than 32 characters, which makes no key: nothing was done. Begin with another one.`,
  );
}

/** As long as those that the stack generates. */
function randomValue(): string {
  return randomBytes(48).toString('base64url');
}

async function done(data: OpenData, options: RotateOptions, did: string | undefined): Promise<Step> {
  return { standing: await standingOf(data, options), did, notYet: undefined };
}

async function notYet(data: OpenData, options: RotateOptions, why: string): Promise<Step> {
  return { standing: await standingOf(data, options), did: undefined, notYet: why };
}

function sealingKeys({ current, previous }: Values): ResealKeys {
  const keyOf = (text: string) => deriveSealingKey(text, 'offline-token');
  // A mistake that was put right sealed nothing.
  const before = previous !== undefined && isSealingSecret(previous.text) ? previous : current;
  return { current: keyOf(current.text), previous: keyOf(before.text) };
}

async function reseal(data: OpenData, { now, onProgress }: RotateOptions, values: Values): Promise<void> {
  const held = new HeldData(data.documents, data.tables);
  await resealTokens(held, sealingKeys(values), {
    now,
    onProgress: (resealed, seen) => onProgress(`${resealed} tokens sealed anew, ${seen} looked at …`),
  });
}

const lookAgainMs = 1_000;

/** Has the worker register those that are behind, and waits for it. */
async function register(
  data: OpenData,
  { waitMs, onProgress }: RotateOptions,
  { current }: Values,
): Promise<RegisteredCompanies> {
  const held = new HeldData(data.documents, data.tables);
  const endsAtMs = Date.now() + waitMs;
  let counts = await countRegistered(held, current.text);
  if (counts.behind > 0) await sendSchedule(data, sweepSchedule);
  while (counts.behind > 0 && Date.now() < endsAtMs) {
    onProgress(`${counts.underCurrent} companies registered, ${counts.behind} to go …`);
    await wait(lookAgainMs);
    counts = await countRegistered(held, current.text);
  }
  return counts;
}
