import type configuration from '#extension';
import type { NameIn, SettingIn } from '../../shared/config.ts';
import { secretIdPrefix, secretIdVariableOf, variableOf } from '../../shared/own-variables.ts';
import { AppError } from '../../shared/problems.ts';
import { conceal } from './log.ts';
import { secrets } from './secrets.ts';
import { extension } from './settings.ts';

// Types alone: the configuration's code stays outside the bundle, which has its values.
type Configured = typeof configuration;
/** The name of a setting in extension.config.ts. */
export type SettingName = NameIn<Configured, 'settings'>;
/** The name of a secret in extension.config.ts. */
export type SecretName = NameIn<Configured, 'secrets'>;

const previousForSeconds = 24 * 3_600;

/**
 * A setting of extension.config.ts, as it was when the stack was synthesized.
 * @public for extensions
 */
export function setting<Name extends SettingName>(name: Name): SettingIn<Configured, Name> {
  const value = extension().settings[name];
  if (value !== undefined) return value as SettingIn<Configured, Name>;
  throw new AppError('internal', `extension.config.ts has no settings.${String(name)}.`);
}

/**
 * The current value of a secret of extension.config.ts, kept in memory: a new value counts within fifteen minutes.
 * @throws {AppError} `internal` where this function was not granted it, or nobody has stored a value.
 * @public for extensions
 */
export async function secret(name: SecretName): Promise<string> {
  const [value = ''] = await read(name, async (id) => [await secrets.value(id)]);
  return value;
}

/**
 * What somebody else may have signed with: the current value first and, for a day after that came, the one before it.
 * @throws {AppError} as `secret` does.
 * @public for extensions
 */
export function secretVersions(name: SecretName): Promise<readonly string[]> {
  return read(name, (id) => secrets.values(id, { previousForSeconds }));
}

async function read(name: string, from: (id: string) => Promise<readonly string[]>): Promise<readonly string[]> {
  const id = idOf(name);
  if (!id) {
    throw new AppError(
      'internal',
      `This function was not granted the secret ${name}: name the file of its handler in secrets.${name}.for of extension.config.ts.`,
    );
  }
  try {
    const values = await from(id);
    for (const value of values) conceal(value);
    return values;
  } catch (cause) {
    if (!(cause instanceof Error) || !/^(ResourceNotFoundException|ConfigurationError)$/.test(cause.name)) throw cause;
    throw new AppError(
      'internal',
      `The secret ${name} has no value yet: store it with npm run configure, or on your machine in .env, as ${variableOf(name)}.`,
      { cause },
    );
  }
}

const idOf = (name: string): string | undefined => process.env[secretIdVariableOf(name)];

// While the instance starts, as the template's own.
secrets.begin(
  Object.entries(process.env).flatMap(([variable, id]) => (variable.startsWith(secretIdPrefix) && id ? [id] : [])),
);
