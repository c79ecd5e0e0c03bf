import { previousForSeconds } from '../../shared/contract.ts';
import { AppError } from '../../shared/problems.ts';
import { Secrets } from '../../shared/store/secrets.ts';
import { extension, isHanded, once, setting } from './settings.ts';
import { within } from './within.ts';

const settleMs = 500;

/** All that this instance has read. Which of them are the template's is below; own-settings.ts reads the author's. */
export const secrets = new Secrets();
// All that the stack hands to this function, side by side and while the instance starts: not one after the other by its
// first request.
secrets.begin(
  (
    [
      'apiKeySecretId',
      'apiSecretSecretId',
      'sessionKeySecretId',
      'tokenKeySecretId',
      'webhookKeySecretId',
      'edgeKeySecretId',
    ] as const
  )
    .filter((name) => isHanded(name))
    .map((name) => setting(name)),
);

/** The extension's OAuth client id. It is public; it lives beside the secret so that both are set in one place. */
export const apiKey = (): Promise<string> => secrets.value(setting('apiKeySecretId'));

export const apiSecret = (): Promise<string> => secrets.value(setting('apiSecretSecretId'));

/** What may have signed something: the current API secret and, for a day after that came, the one before it. */
const apiSecrets = {
  id: () => setting('apiSecretSecretId'),
  previousForSeconds: previousForSeconds.apiSecret,
};

/** What webhooks are registered with: one key that makes a secret for each company, or the API secret as it is. */
export const webhookKey = (): Promise<string> =>
  extension().webhooks.secret === 'api-secret' ? apiSecret() : secrets.value(setting('webhookKeySecretId'));

const webhookKeys = {
  id: () => setting('webhookKeySecretId'),
  previousForSeconds: previousForSeconds.webhookKey,
};

/**
 * Judges a delivery by the keys that may have signed it: the current one and the one before it, while that still counts. Where
 * they did not, once more by what was put since, so that no instance is late for a rotation.
 */
export const withWebhookKeys = <Result>(judge: Judge<Result>): Promise<Result> =>
  judged(extension().webhooks.secret === 'api-secret' ? apiSecrets : webhookKeys, judge);

/** The same for what may be signed with the API secret. Whoever brings no proof costs no secret. */
export const withApiSecrets = async <Result>(proof: string | undefined, judge: Judge<Result>): Promise<Result> =>
  proof ? await judged(apiSecrets, judge) : await judge([]);

/** Throws `signature_mismatch` where none of them signed it. */
type Judge<Result> = (secrets: readonly string[]) => Result | Promise<Result>;

async function judged<Result>(
  { id, ...rule }: { readonly id: () => string; readonly previousForSeconds: number },
  judge: Judge<Result>,
): Promise<Result> {
  try {
    return await judge(await secrets.values(id(), rule));
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'signature_mismatch')) throw error;
    return await judge(await secrets.newestValues(id()));
  }
}

/** Seals sessions and transactions: every function that a browser reaches has it. */
export const sessionKeys = once(() => secrets.keyRing(setting('sessionKeySecretId'), 'session'));

/** Seals offline tokens: no function that a browser's cookie opens has it, but for the callback, which writes them. */
export const tokenKeys = once(() => secrets.keyRing(setting('tokenKeySecretId'), 'offline-token'));

/**
 * What CloudFront may bring, the likeliest first: the current key, the one before it until there is a third, and the next
 * one. A distribution sends the old one until somebody deploys again.
 */
export async function* edgeKeys(): AsyncGenerator<string> {
  const id = setting('edgeKeySecretId');
  yield await secrets.value(id);
  yield* await secrets.values(id, { previousForSeconds: Infinity });
  yield* await secrets.newestValues(id);
}

/**
 * To be awaited before an invocation ends: an instance is frozen then, and what it has begun and not awaited is lost or
 * wakes up in somebody else's request. Waits for secrets that are being renewed, half a second at most.
 */
export async function secretsSettled(): Promise<void> {
  const settled = secrets.settled();
  if (settled !== undefined) await within(settleMs, settled, undefined);
}
