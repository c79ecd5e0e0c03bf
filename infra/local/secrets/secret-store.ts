import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { generateSecretString } from './generate-secret-string.ts';
import type { SecretDefinition } from './secret-definition.ts';

export interface SecretVersion {
  readonly versionId: string;
  readonly value: string;
  readonly createdAt: number;
}

interface StoredSecret {
  readonly current: SecretVersion;
  readonly previous?: SecretVersion | undefined;
}

export type Stage = 'AWSCURRENT' | 'AWSPREVIOUS';

/** The secrets of the stack; what was generated or put is in one file that only its owner can read. */
export interface SecretStore {
  /** By name or ARN; undefined where the stack has no such secret or it has no such version. */
  find(id: string, select: { stage?: string | undefined; versionId?: string | undefined }): FoundSecret | undefined;
  /** The new value becomes current, the current one previous, the previous one is forgotten. */
  put(id: string, value: string): FoundSecret | undefined;
}

export interface FoundSecret {
  readonly definition: SecretDefinition;
  readonly version: SecretVersion;
  readonly stages: readonly Stage[];
}

/**
 * @param fixed values by ARN that come from outside in every run: they are all that such a secret holds at the start,
 *   and no file holds it.
 */
export function openSecretStore(
  file: string,
  definitions: readonly SecretDefinition[],
  fixed: ReadonlyMap<string, string>,
): SecretStore {
  const kept: Record<string, StoredSecret> = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, StoredSecret>)
    : {};
  const save = () => {
    const next = `${file}.next`;
    writeFileSync(next, JSON.stringify(kept, undefined, 2), { mode: 0o600 });
    renameSync(next, file);
  };
  const given: Record<string, StoredSecret> = {};
  for (const { name, arn, initialValue, generate } of definitions) {
    const value = fixed.get(arn);
    if (value === undefined) {
      kept[name] ??= { current: newVersion(initialValue ?? generateSecretString(generate)) };
    } else {
      given[name] = { current: newVersion(value) };
      delete kept[name];
    }
  }
  save();

  const secretOf = (name: string) => given[name] ?? kept[name];
  const definitionOf = (id: string) => definitions.find(({ name, arn }) => id === name || id === arn);
  return {
    find(id, { stage, versionId }) {
      const definition = definitionOf(id);
      const secret = definition && secretOf(definition.name);
      if (!definition || !secret) return undefined;
      const { current, previous } = secret;
      const versions = [
        { definition, version: current, stages: ['AWSCURRENT' as const] },
        ...(previous ? [{ definition, version: previous, stages: ['AWSPREVIOUS' as const] }] : []),
      ];
      const wanted = stage ?? (versionId === undefined ? 'AWSCURRENT' : undefined);
      return versions.find(
        ({ version, stages }) =>
          (versionId === undefined || version.versionId === versionId) &&
          (wanted === undefined || stages.some((name) => name === wanted)),
      );
    },
    put(id, value) {
      const definition = definitionOf(id);
      if (!definition) return undefined;
      const version = newVersion(value);
      const secrets = definition.name in given ? given : kept;
      secrets[definition.name] = { current: version, previous: secrets[definition.name]?.current };
      if (secrets === kept) save();
      return { definition, version, stages: ['AWSCURRENT'] };
    },
  };
}

function newVersion(value: string): SecretVersion {
  return { versionId: randomUUID(), value, createdAt: Date.now() / 1000 };
}
