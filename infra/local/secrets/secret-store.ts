import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { nextStage } from '../../../shared/contract.ts';
import { readDataFile, writeDataFile } from '../host/data-file.ts';
import { generateSecretString } from './generate-secret-string.ts';
import type { SecretDefinition } from './secret-definition.ts';

const versionSchema = v.object({ versionId: v.string(), value: v.string(), createdAt: v.number() });
const storedSchema = v.record(
  v.string(),
  v.object({
    current: versionSchema,
    previous: v.optional(versionSchema),
    next: v.optional(versionSchema),
  }),
);

export type SecretVersion = v.InferOutput<typeof versionSchema>;
type StoredSecrets = v.InferOutput<typeof storedSchema>;

export type Stage = 'AWSCURRENT' | 'AWSPREVIOUS' | typeof nextStage;

/** The secrets of the stack; what was generated or put is in one file that only its owner can read. */
export interface SecretStore {
  /** Every value that a secret has now. */
  values(): readonly string[];
  /** Takes the definitions of a stack that was synthesized again; what secrets hold that stay is kept. */
  define(definitions: readonly SecretDefinition[], fixed: ReadonlyMap<string, string>): void;
  /** By name or ARN; undefined where the stack has no such secret or it has no such version. */
  find(id: string, select: { stage?: string | undefined; versionId?: string | undefined }): FoundSecret | undefined;
  /**
   * The new value becomes current, the current one previous, the previous one is forgotten; or it becomes the next one.
   * @param versionId of the new version: one that is there already is not put again. Default: a random one.
   * @throws {StartError} where it cannot be written: then nothing has changed.
   */
  put(id: string, value: string, stage?: 'AWSCURRENT' | typeof nextStage, versionId?: string): FoundSecret | undefined;
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
  const without = 'Without it there are new secrets: everybody signs in again, and companies grant access again.';
  let kept = readDataFile(file, storedSchema, without) ?? {};
  const save = (next: StoredSecrets) => {
    writeDataFile(file, JSON.stringify(next, undefined, 2));
    kept = next;
  };
  const given: StoredSecrets = {};
  const outside = new Map<string, string>();
  let defined: readonly SecretDefinition[] = [];
  const define: SecretStore['define'] = (definitions, fixed) => {
    for (const { name, arn, initialValue, generate } of definitions) {
      const value = fixed.get(arn);
      const isNews = outside.get(name) !== value;
      if (value === undefined) {
        // Left the environment.
        if (outside.delete(name)) delete given[name];
        const initial = initialValue ?? (generate && generateSecretString(generate));
        if (initial !== undefined) kept[name] ??= { current: newVersion(initial) };
      } else {
        if (isNews) given[name] = { ...given[name], current: newVersion(value), previous: given[name]?.current };
        outside.set(name, value);
        delete kept[name];
      }
    }
    save(kept);
    defined = definitions;
  };
  define(definitions, fixed);

  const secretOf = (name: string) => given[name] ?? kept[name];
  const definitionOf = (id: string) => defined.find(({ name, arn }) => id === name || id === arn);
  return {
    values: () => defined.flatMap(({ name }) => secretOf(name)?.current.value ?? []),
    define,
    find(id, { stage, versionId }) {
      const definition = definitionOf(id);
      const secret = definition && secretOf(definition.name);
      if (!definition || !secret) return undefined;
      const { current, previous, next } = secret;
      const versions: FoundSecret[] = [
        { definition, version: current, stages: ['AWSCURRENT'] },
        ...(previous ? [{ definition, version: previous, stages: ['AWSPREVIOUS'] as const }] : []),
        ...(next ? [{ definition, version: next, stages: [nextStage] as const }] : []),
      ];
      const wanted = stage ?? (versionId === undefined ? 'AWSCURRENT' : undefined);
      return versions.find(
        ({ version, stages }) =>
          (versionId === undefined || version.versionId === versionId) &&
          (wanted === undefined || stages.some((name) => name === wanted)),
      );
    },
    put(id, value, stage = 'AWSCURRENT', versionId = randomUUID()) {
      const definition = definitionOf(id);
      if (!definition) return undefined;
      const version = newVersion(value, versionId);
      const { name } = definition;
      const held = secretOf(name);
      if (stage === nextStage && held === undefined) return undefined;
      const secret =
        stage === nextStage && held
          ? { ...held, next: version }
          : { current: version, previous: held?.current, next: held?.next };
      if (name in given) given[name] = secret;
      else save({ ...kept, [name]: secret });
      return { definition, version, stages: [stage] };
    },
  };
}

function newVersion(value: string, versionId: string = randomUUID()): SecretVersion {
  return { versionId, value, createdAt: Date.now() / 1000 };
}
