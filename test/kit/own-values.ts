import { vi } from 'vitest';
import type { SecretName, SettingName } from '../../functions/runtime/own-settings.ts';
import type { SettingValue } from '../../shared/config.ts';
import { secretIdVariableOf, variableOf } from '../../shared/own-variables.ts';
import { ownConfiguration, ownWorld } from './own-world.ts';

/** What `setting(…)` and `secret(…)` give the handler. Whatever is left out is as configured, and `CANARY-{name}`. */
export interface OwnValues {
  readonly settings?: ByName<SettingName, SettingValue>;
  readonly secrets?: ByName<SecretName, string>;
}

type ByName<Name extends string, Value> = [Name] extends [never]
  ? Readonly<Record<string, never>>
  : { readonly [Each in Name]?: Value };

/** For handlers that run in the test's own process. */
export async function giveOwnValues({ settings = {}, secrets = {} }: OwnValues): Promise<void> {
  const configured = await ownConfiguration();
  if (configured.settings === undefined && configured.secrets === undefined) return;
  const world = await ownWorld();
  vi.stubGlobal('EXTENSION', { ...world.extension, settings: { ...configured.settings, ...settings } });
  for (const [name, value] of valuesOf(Object.keys(configured.secrets ?? {}), secrets)) {
    vi.stubEnv(secretIdVariableOf(name), world.putSecret(value));
  }
}

/** For the whole extension, which reads them from the environment as on an author's machine. */
export async function putOwnValues({ settings = {}, secrets = {} }: OwnValues): Promise<void> {
  const configured = await ownConfiguration();
  for (const [name, value] of Object.entries(settings)) vi.stubEnv(variableOf(name), String(value));
  for (const [name, value] of valuesOf(Object.keys(configured.secrets ?? {}), secrets)) {
    vi.stubEnv(variableOf(name), value);
  }
}

function valuesOf(names: readonly string[], given: Readonly<Record<string, string>>): [name: string, value: string][] {
  return names.map((name) => [name, given[name] ?? `CANARY-${name}`]);
}
