import type { Registration } from '../commands/extension-details.ts';
import type { SelectedExtension } from '../commands/select-extension.ts';
import { StartError } from '../local/host/start-error.ts';
import { openStoredSecrets, secretIdsOf } from './stored-secrets.ts';

/** An extension that serves, and what it is registered with. */
export interface RegisteredExtension extends Registration, Pick<SelectedExtension, 'extension'> {
  /** The stack, or the address on this machine. */
  readonly name: string;
  /** Origin as browsers see it. */
  readonly baseUrl: string;
}

/** @throws {StartError} where nobody has stored its key and secret, or what is stored cannot be one. */
export async function readRegistered({ extension, stack, running }: SelectedExtension): Promise<RegisteredExtension> {
  const { cluster } = extension;
  if (running !== undefined) return { ...running.extension, name: running.extension.baseUrl, extension, cluster };
  const ids = secretIdsOf(stack, ['apiKey', 'apiSecret']);
  const baseUrl = stack.outputs.get('ExtensionUrl');
  if (baseUrl === undefined) throw new StartError(`The stack ${stack.name} tells no ExtensionUrl: run npm run deploy.`);
  using stored = openStoredSecrets(stack.region, ids);
  const [apiKey, apiSecret] = [await stored.current('apiKey'), await stored.current('apiSecret')];
  if (apiKey === undefined || apiSecret === undefined) {
    throw new StartError(`Nobody has stored the API key and the API secret of ${stack.name}: run npm run configure.`);
  }
  for (const [name, value] of Object.entries({ apiKey, apiSecret })) {
    if (!isCredential(value)) {
      throw new StartError(`What ${stack.name} stores as ${name} cannot be one: run npm run configure.`);
    }
  }
  return { name: `${stack.name} in ${stack.region}`, extension, cluster, baseUrl, apiKey, apiSecret };
}

/** Whether a text can be an API key or an API secret of the platform. */
export function isCredential(value: string): boolean {
  return /^[\x21-\x7e]{1,1024}$/.test(value);
}
