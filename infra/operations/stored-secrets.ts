import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { awsClientOptions } from '../../shared/aws-client-options.ts';
import { unsetApiKey } from '../../shared/contract.ts';
import { secretOutputOf } from '../../shared/own-variables.ts';
import { accessRefusal } from '../commands/aws-access.ts';
import type { DeployedStack } from '../commands/deployed-stack.ts';
import { StartError } from '../local/host/start-error.ts';

/**
 * Where the stack keeps these secrets, by its outputs.
 * @throws {StartError} where it has none of them: another template's, or deployed before the configuration named it.
 */
export function secretIdsOf({ name: stack, outputs }: DeployedStack, names: readonly string[]): Map<string, string> {
  const ids = new Map<string, string>();
  for (const name of names) {
    const isTemplates = name === 'apiKey' || name === 'apiSecret';
    const output = isTemplates ? (name === 'apiKey' ? 'SetApiKey' : 'SetApiSecret') : secretOutputOf(name);
    const said = outputs.get(output);
    if (said === undefined) {
      throw new StartError(
        isTemplates
          ? `The stack ${stack} is not an extension of this template's: it has no place for ${name}.`
          : `The stack ${stack} has no place for ${name} yet: run npm run deploy, then this again.`,
      );
    }
    ids.set(name, secretIdIn(said));
  }
  return ids;
}

/** The secret that an output is about: its id, or the command that stores its value. */
export function secretIdIn(output: string): string {
  return /--secret-id (\S+)/.exec(output)?.[1] ?? output;
}

export interface StoredSecrets extends Disposable {
  /** The value in use; undefined where nobody has stored one. */
  current(name: string): Promise<string | undefined>;
  /** One that is there already is not stored again: the value before it would be forgotten. */
  store(name: string, value: string): Promise<'stored' | 'unchanged'>;
}

/** The secrets of a deployed extension, by name. All reject with a {@link StartError} that holds no value. */
export function openStoredSecrets(region: string, ids: ReadonlyMap<string, string>): StoredSecrets {
  const client = new SecretsManagerClient({ region, ...awsClientOptions({ requestTimeoutMs: 5_000 }) });
  const current = async (name: string) => {
    try {
      const { SecretString: value } = await client.send(new GetSecretValueCommand({ SecretId: ids.get(name) }));
      return value === unsetApiKey ? undefined : value;
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw refusal(error as Error, `${name} cannot be read`, region);
    }
  };
  return {
    current,
    async store(name, value) {
      if ((await current(name)) === value) return 'unchanged';
      try {
        await client.send(new PutSecretValueCommand({ SecretId: ids.get(name), SecretString: value }));
        return 'stored';
      } catch (error) {
        throw refusal(error as Error, `${name} was not stored`, region);
      }
    },
    [Symbol.dispose]: () => client.destroy(),
  };
}

/** Without Secrets Manager's own words, which might repeat what it was sent. */
function refusal(cause: Error, what: string, region: string): StartError {
  return new StartError(`${what}. ${accessRefusal(cause, region) ?? `Secrets Manager says ${cause.name}.`}`, { cause });
}
