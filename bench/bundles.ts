import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { bundle } from '../infra/bundle/bundle.ts';
import { entriesOf } from '../infra/functions.ts';
import { loadExtension } from '../infra/load-extension.ts';
import type { Extension } from '../shared/config.ts';

/** The sample's configuration, for a platform at this origin. Nobody is limited: one person makes all of the calls. */
export async function sampleExtension(platform: string): Promise<Extension> {
  const env = { EXTENSION_CONFIG: 'test/extension/extension.config.ts', FP_API_DOMAIN: platform };
  const extension = await loadExtension(env);
  return { ...extension, limits: { ...extension.limits, perPerson: false, perCompany: false } };
}

export interface BenchBundles {
  /** What is deployed, by the function's name, e.g. `platform-proxy`: the path of its file. */
  readonly functions: ReadonlyMap<string, string>;
  /** The bare handlers, bundled in the same way, so that both run the same SDK: their URL. */
  readonly bareHandler: string;
  readonly bareWebhook: string;
  readonly bareWorker: string;
  /** The DynamoDB clients and the commands that the stores use, alone: what somebody gets who has not thought of aliases. */
  readonly client: string;
}

/** Makes every bundle that is measured, with the product's own `bundle()` wherever that is possible. */
export async function makeBundles(extension: Extension, directory: string): Promise<BenchBundles> {
  const clientEntry = join(directory, 'client.ts');
  mkdirSync(directory, { recursive: true });
  const commands = 'DynamoDBDocumentClient, BatchGetCommand, GetCommand, PutCommand, UpdateCommand';
  writeFileSync(
    clientEntry,
    `export { DynamoDBClient } from '@aws-sdk/client-dynamodb';
export { ${commands} } from '@aws-sdk/lib-dynamodb';\n`,
  );
  const own = entriesOf(extension);
  const bare = ['bare-handler', 'webhook', 'worker'].map((name) => `./bench/subjects/${name}.ts`);
  const bundles = await bundle({ extension, entries: [...own, ...bare], directory });
  const file = (entry: string) => join(bundles.get(entry)?.directory ?? '', 'index.js');

  // What `bundle()` does, less its aliases.
  const client = resolve(directory, 'client', 'index.cjs');
  await build({
    entryPoints: [clientEntry],
    outfile: client,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    mainFields: ['module', 'main'],
    conditions: ['module'],
    minify: true,
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'silent',
  });
  const [bareHandler, bareWebhook, bareWorker] = bare.map((entry) => pathToFileURL(file(entry)).href);
  return {
    functions: new Map(own.map((entry) => [entry.replace(/^\.\/functions\/|\.ts$/g, ''), file(entry)])),
    bareHandler: bareHandler ?? '',
    bareWebhook: bareWebhook ?? '',
    bareWorker: bareWorker ?? '',
    client,
  };
}

/** The official stack as one file, as a careful author would deploy it; and the file that loads it from its packages. */
export async function officialFiles(folder: string): Promise<{ packages: string; bundled: string }> {
  const packages = join(folder, 'official.cjs');
  writeFileSync(
    packages,
    `require('express'); require('cookie-parser'); require('serverless-http'); require('@gofynd/fdk-client-javascript');
require('@gofynd/fdk-extension-javascript/express'); require('@gofynd/fdk-extension-javascript/express/storage');\n`,
  );
  const bundled = join(folder, 'bundled', 'index.cjs');
  await build({
    entryPoints: [packages],
    outfile: bundled,
    bundle: true,
    platform: 'node',
    target: 'node24',
    minify: true,
    legalComments: 'none',
    logLevel: 'silent',
  });
  return { packages, bundled };
}
