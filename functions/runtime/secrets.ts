import { Secrets } from '../../shared/store/secrets.ts';
import { once, setting } from './settings.ts';

const secrets = once(() => new Secrets());

/** The extension's OAuth client id. It is public; it lives beside the secret so that both are set in one place. */
export const apiKey = (): Promise<string> => secrets().value(setting('apiKeySecretId'));

export const apiSecret = (): Promise<string> => secrets().value(setting('apiSecretSecretId'));

/** Both API secrets that may have signed something: the current one and, while a rotation is under way, the one before. */
export const apiSecrets = (): Promise<readonly string[]> => secrets().values(setting('apiSecretSecretId'));

/** Seals sessions and transactions: every function that a browser reaches has it. */
export const sessionKeys = once(() => secrets().keyRing(setting('sessionKeySecretId'), 'session'));

/** Seals offline tokens: no function that a browser's cookie opens has it, but for the callback, which writes them. */
export const tokenKeys = once(() => secrets().keyRing(setting('tokenKeySecretId'), 'offline-token'));
