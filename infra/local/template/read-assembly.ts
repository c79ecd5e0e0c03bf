import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildOf, sourceMapPath } from '../../source-maps/build.ts';
import { StartError } from '../host/start-error.ts';

export interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

export interface Assembly {
  readonly resources: Readonly<Record<string, Resource>>;
  /** The folder that is deployed under this S3 key, or undefined where no asset has it. */
  assetDirectory(objectKey: string): string | undefined;
  /** The source map of the bundle in this folder; undefined where the assembly has none. */
  sourceMap(assetDirectory: string): string | undefined;
  /** The id that the app gave to the construct of this resource, or undefined where the assembly does not tell. */
  constructId(logicalId: string): string | undefined;
}

interface Manifest {
  readonly artifacts: Readonly<
    Record<
      string,
      {
        readonly type: string;
        readonly properties?: { readonly templateFile?: string; readonly file?: string };
        readonly additionalMetadataFile?: string;
      }
    >
  >;
}

interface AssetManifest {
  readonly files?: Readonly<
    Record<
      string,
      {
        readonly source: { readonly path?: string };
        readonly destinations: Readonly<Record<string, { readonly objectKey: string }>>;
      }
    >
  >;
}

type Metadata = Readonly<Record<string, readonly { readonly type: string; readonly data?: unknown }[]>>;

/**
 * Reads a cloud assembly as `cdk deploy` does: the manifest names the template and its assets.
 * @throws {StartError} where it does not hold exactly one stack.
 */
export function readAssembly(directory: string): Assembly {
  const manifest = readJson(join(directory, 'manifest.json')) as Manifest;
  const artifacts = Object.values(manifest.artifacts);
  const templates = artifacts.flatMap((artifact) =>
    artifact.type === 'aws:cloudformation:stack' && artifact.properties?.templateFile
      ? [artifact.properties.templateFile]
      : [],
  );
  const [template] = templates;
  if (template === undefined || templates.length > 1) {
    throw new StartError(`The local runtime serves one stack; infra/app.ts makes ${templates.length}.`);
  }
  const directories = new Map<string, string>();
  for (const artifact of artifacts) {
    if (artifact.type !== 'cdk:asset-manifest' || artifact.properties?.file === undefined) continue;
    const { files } = readJson(join(directory, artifact.properties.file)) as AssetManifest;
    for (const { source, destinations } of Object.values(files ?? {})) {
      if (source.path === undefined) continue;
      for (const { objectKey } of Object.values(destinations)) directories.set(objectKey, join(directory, source.path));
    }
  }
  const constructIds = new Map<string, string>();
  for (const { additionalMetadataFile } of artifacts) {
    if (additionalMetadataFile === undefined) continue;
    for (const [path, entries] of Object.entries(readJson(join(directory, additionalMetadataFile)) as Metadata)) {
      const id =
        path
          .replace(/\/Resource$/, '')
          .split('/')
          .at(-1) ?? '';
      for (const { type, data } of entries) if (type === 'aws:cdk:logicalId') constructIds.set(String(data), id);
    }
  }
  return {
    resources: (readJson(join(directory, template)) as { Resources: Assembly['resources'] }).Resources,
    assetDirectory: (objectKey) => directories.get(objectKey),
    sourceMap(assetDirectory) {
      const bundle = join(assetDirectory, 'index.js');
      const build = existsSync(bundle) ? buildOf(readFileSync(bundle, 'utf8')) : undefined;
      const path = build && sourceMapPath(directory, build);
      return path !== undefined && existsSync(path) ? path : undefined;
    },
    constructId: (logicalId) => constructIds.get(logicalId),
  };
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}
