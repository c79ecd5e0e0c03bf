import type { Registration } from '../commands/extension-details.ts';
import type { SelectedExtension } from '../commands/select-extension.ts';
import { StartError } from '../local/host/start-error.ts';
import { openStoredSecrets, secretIdsOf } from './stored-secrets.ts';

type Credentials = Pick<Registration, 'apiKey' | 'apiSecret'>;

/** An extension that serves, and what it is registered with. */
export interface RegisteredExtension extends Registration, Pick<SelectedExtension, 'extension'> {
  /** The stack, or the address on this machine. */
  readonly name: string;
  /** Origin as browsers see it. */
  readonly baseUrl: string;
}

/** Where a selected extension serves, and for which platform. @throws {StartError} where its stack does not tell. */
export function placeOf({
  extension,
  stack,
  running,
}: SelectedExtension): Omit<RegisteredExtension, keyof Credentials> {
  const { cluster } = extension;
  if (running !== undefined) {
    const { baseUrl } = running.extension;
    return { name: baseUrl, baseUrl, extension, cluster };
  }
  const baseUrl = stack.outputs.get('ExtensionUrl');
  if (baseUrl === undefined) throw new StartError(`The stack ${stack.name} tells no ExtensionUrl: run npm run deploy.`);
  return { name: `${stack.name} in ${stack.region}`, baseUrl, extension, cluster };
}

/** Its API key and secret. @throws {StartError} where nobody has stored them, or what is stored cannot be one. */
export async function readCredentials({ stack, running }: SelectedExtension): Promise<Credentials> {
  if (running !== undefined) return running.extension;
  using stored = openStoredSecrets(stack.region, secretIdsOf(stack, ['apiKey', 'apiSecret']));
  const [apiKey, apiSecret] = [await stored.current('apiKey'), await stored.current('apiSecret')];
  if (apiKey === undefined || apiSecret === undefined) {
    throw new StartError(`Nobody has stored the API key and the API secret of ${stack.name}: run npm run configure.`);
  }
  for (const [name, value] of Object.entries({ apiKey, apiSecret })) {
    if (!isCredential(value)) {
      throw new StartError(`What ${stack.name} stores as ${name} cannot be one: run npm run configure.`);
    }
  }
  if (apiKey === apiSecret || (looksLikeKey(apiSecret) && !looksLikeKey(apiKey))) {
    throw new StartError(
      `What ${stack.name} stores as apiSecret looks like an API key: run npm run configure, each with its own value.`,
    );
  }
  return { apiKey, apiSecret };
}

/** @throws {StartError} as both. */
export async function readRegistered(selected: SelectedExtension): Promise<RegisteredExtension> {
  return { ...placeOf(selected), ...(await readCredentials(selected)) };
}

/** The platform's keys are ids of its database: 24 hexadecimal digits. Its secrets are longer, or of more letters. */
function looksLikeKey(value: string): boolean {
  return /^[0-9a-f]{24}$/.test(value);
}

/** Whether a text can be an API key or an API secret of the platform. */
export function isCredential(value: string): boolean {
  return /^[\x21-\x7e]{1,1024}$/.test(value);
}
