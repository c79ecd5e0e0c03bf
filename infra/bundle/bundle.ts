import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildFailure, build, formatMessages, type Plugin } from 'esbuild';
import { ConfigurationError, type Extension } from '../../shared/config.ts';
import { configuredHandlers, entryPointOf } from './configured-handlers.ts';

export interface Bundle {
  /** Holds `index.js`, a `package.json` that says what kind of module it is, and nothing else: what Lambda receives. */
  readonly directory: string;
  readonly bytes: number;
  /** The files that went into it, from the project's directory. */
  readonly inputs: readonly string[];
}

/** Each function's bundle by its entry file, e.g. `./functions/install.ts`. */
export type Bundles = ReadonlyMap<string, Bundle>;

/** The SDK's clients take their version out of their whole package.json: two kilobytes each, of which that is needed. */
const onlyVersions: Plugin = {
  name: 'only-versions',
  setup(build) {
    build.onLoad({ filter: /[\\/]@aws-sdk[\\/]client-[\w-]+[\\/]package\.json$/ }, ({ path }) => {
      const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string };
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
  },
};

/** What the SDK computes with where `node:crypto` is missing: five kilobytes that Lambda never runs. */
const noOwnDigests: Plugin = {
  name: 'no-own-digests',
  setup(build) {
    build.onLoad({ filter: /[\\/]@smithy[\\/]core[\\/].*[\\/](Md5|Sha256)Js\.js$/ }, ({ path }) => ({
      contents: `export const ${basename(path, '.js')} = undefined;`,
    }));
  },
};

/** The bundle of an entry file. @throws where it was not bundled. */
export function bundleOf(bundles: Bundles, entry: string): Bundle {
  const bundle = bundles.get(entry);
  if (bundle === undefined) throw new Error(`${entry} was not bundled.`);
  return bundle;
}

const substitute = (file: string): string => fileURLToPath(import.meta.resolve(`./substitutes/${file}`));

/**
 * Bundles every entry file into a folder of its own below `directory`, all in one esbuild run, with the configuration
 * compiled in as the constant `EXTENSION`, and the handlers that it names as `#handlers` and `#launched`: a function
 * reads no file and parses nothing when it starts.
 * @throws {ConfigurationError} with esbuild's own words about the code that does not bundle.
 */
export async function bundle(options: {
  readonly extension: Extension;
  readonly entries: readonly string[];
  readonly directory: string;
}): Promise<Bundles> {
  const { outputFiles, metafile } = await build({
    entryPoints: options.entries.map((entry) => ({
      in: entryPointOf(options.extension, entry),
      out: join(folderName(entry), 'index'),
    })),
    outdir: options.directory,
    define: {
      EXTENSION: JSON.stringify(options.extension),
      // What CommonJS calls by other names, for code that asks where it is.
      'import.meta.dirname': '__dirname',
      'import.meta.filename': '__filename',
      'import.meta.url': importMetaUrl,
    },
    plugins: [configuredHandlers(options.extension), onlyVersions, noOwnDigests],
    bundle: true,
    platform: 'node',
    target: 'node24',
    // A tenth less to load than an ES module: see decision 0015.
    format: 'cjs',
    // Packages' ES modules, of which what is unused falls away.
    mainFields: ['module', 'main'],
    conditions: ['module'],
    // What Lambda never runs: 163 of 398 KB.
    alias: {
      '@aws-sdk/credential-provider-node': substitute('environment-credentials.ts'),
      '@aws-sdk/endpoint-cache': substitute('endpoint-cache.ts'),
      '@smithy/core/event-streams': substitute('event-streams.ts'),
    },
    minify: true,
    legalComments: 'none',
    charset: 'utf8',
    metafile: true,
    write: false,
    logLevel: 'silent',
  }).catch(async (error: BuildFailure) => {
    if (!Array.isArray(error.errors)) throw error;
    const messages = await formatMessages(error.errors, { kind: 'error' });
    throw new ConfigurationError(`The functions cannot be bundled:\n${messages.join('').trimEnd()}`);
  });

  const filesByPath = new Map(outputFiles.map((file) => [file.path, file.text]));
  const outputs = new Map(Object.entries(metafile.outputs).map(([path, output]) => [resolve(path), output]));
  return new Map(
    options.entries.map((entry) => {
      const directory = resolve(options.directory, folderName(entry));
      const path = join(directory, 'index.js');
      const text = filesByPath.get(path);
      const output = outputs.get(path);
      if (text === undefined || output === undefined) throw new Error(`esbuild wrote nothing for ${entry}.`);
      const code = text.includes(importMetaUrl) ? `${importMetaUrlBanner}${text}` : text;
      mkdirSync(directory, { recursive: true });
      writeFileSync(path, code);
      writeFileSync(join(directory, 'package.json'), '{"type":"commonjs"}');
      return [entry, { directory, bytes: Buffer.byteLength(code), inputs: Object.keys(output.inputs) }];
    }),
  );
}

/** CommonJS has no name for this one: it is made where it is asked for. */
const importMetaUrl = '$importMetaUrl';
const importMetaUrlBanner = `const ${importMetaUrl}=require('node:url').pathToFileURL(__filename).href;`;

/** `./functions/app/products.ts` → `functions--app--products`. */
function folderName(entry: string): string {
  return entry
    .replace(/^\.\//, '')
    .replace(/\.ts$/, '')
    .replaceAll(/[^\w-]+/g, '--');
}
