import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type BuildFailure,
  type BuildOptions,
  type BuildResult,
  build,
  formatMessages,
  type Message,
  type Plugin,
} from 'esbuild';
import { ConfigurationError, type Extension } from '../../shared/config.ts';
import { buildName, sourceMapPath } from '../source-maps/build.ts';
import { configuredHandlers, entryPointOf } from './configured-handlers.ts';
import { pageEntry, pageFiles, pageInputs } from './page-files.ts';

export interface Bundle {
  /**
   * What Lambda receives: `index.js`, a `package.json` that says what kind of module it is, the files of the front end where
   * it serves them, and nothing else.
   */
  readonly directory: string;
  readonly bytes: number;
  /** Of the code: names the build and its source map, which is beside the bundles and not in them. */
  readonly digest: string;
  /** The files that went into it, from the project's directory; one that ends in `/` is a folder. */
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

/**
 * The SDK's classes of errors say everything twice, for engines without class fields: ten kilobytes. Fields are set after
 * `super`, and a native class has its prototype.
 */
const shortErrorClasses: Plugin = {
  name: 'short-error-classes',
  setup(build) {
    build.onLoad(
      { filter: /[\\/]@aws-sdk[\\/]client-[\w-]+[\\/].*[\\/](errors|\w+ServiceException)\.js$/ },
      ({ path }) => ({
        contents: readFileSync(path, 'utf8')
          .replaceAll(/^ *Object\.setPrototypeOf\(this, \w+\.prototype\);\n/gm, '')
          .replaceAll(/super\(\{\s*name: "\w+",\s*\$fault: "\w+",\s*\.\.\.opts,\s*\}\);/g, 'super(opts);')
          .replaceAll(/^ *constructor\((\w+)\) \{\s*super\(\1\);\s*\}\n/gm, ''),
      }),
    );
  },
};

/** The bundle of an entry file. @throws where it was not bundled. */
export function bundleOf(bundles: Bundles, entry: string): Bundle {
  const bundle = bundles.get(entry);
  if (bundle === undefined) throw new Error(`${entry} was not bundled.`);
  return bundle;
}

const substitute = (file: string): string => fileURLToPath(import.meta.resolve(`./substitutes/${file}`));

interface Bundling {
  readonly extension: Extension;
  readonly entries: readonly string[];
  readonly directory: string;
}

/**
 * Bundles every entry file into a folder of its own below `directory`, all in one esbuild run, with the configuration
 * compiled in as the constant `EXTENSION`, and the handlers that it names as `#handlers` and `#launched`: a function
 * reads no file and parses nothing when it starts.
 * @throws {ConfigurationError} with esbuild's own words about the code that does not bundle.
 */
export async function bundle(bundling: Bundling): Promise<Bundles> {
  const { directory } = bundling;
  return writeBundles({ ...bundling, outdir: directory }, await build(buildOptions(bundling)).catch(refuse));
}

/** What esbuild makes a bundle with, whoever asks: what runs here is what is deployed. */
export function buildOptions({ extension, entries, directory }: Bundling) {
  return {
    entryPoints: entries.map((entry) => ({
      in: entryPointOf(extension, entry),
      out: join(folderName(entry), 'index'),
    })),
    outdir: directory,
    define: {
      // Which stage it is no function knows, nor of others: what a stage decides for them is among the rest.
      EXTENSION: JSON.stringify({ ...extension, stage: undefined, stageNames: undefined }),
      // What CommonJS calls by other names, for code that asks where it is.
      'import.meta.dirname': '__dirname',
      'import.meta.filename': '__filename',
      'import.meta.url': importMetaUrl,
    },
    plugins: [
      configuredHandlers(extension),
      pageFiles(extension, resolve(directory, folderName(pageEntry))),
      onlyVersions,
      noOwnDigests,
      shortErrorClasses,
    ],
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
    // Beside the bundle, not in it; the sources are where they are.
    sourcemap: 'external',
    sourcesContent: false,
    legalComments: 'none',
    charset: 'utf8',
    metafile: true,
    write: false,
    logLevel: 'silent',
  } satisfies BuildOptions;
}

/** @throws {ConfigurationError} with esbuild's own words about the code that does not bundle. */
export async function refuse(error: BuildFailure): Promise<never> {
  if (!Array.isArray(error.errors)) throw error;
  // A sentence of a plugin's, which needs no words around it.
  const own = error.errors.find(({ detail }) => detail instanceof ConfigurationError);
  if (own !== undefined) throw own.detail;
  const messages = await formatMessages(error.errors.map(withInstallation), { kind: 'error' });
  throw new ConfigurationError(`The functions cannot be bundled:\n${messages.join('').trimEnd()}`);
}

/** A package that is missing is to be installed. esbuild offers to leave it out, with which nothing runs on Lambda. */
function withInstallation(message: Message): Message {
  const [, name] = /^Could not resolve "((?:@[\w.-]+\/)?[\w-][\w.-]*)/.exec(message.text) ?? [];
  if (name === undefined) return message;
  return { ...message, notes: [{ text: `Is it installed? npm install --save-exact ${name}`, location: null }] };
}

/** Writes what esbuild made, as if into `outdir`, into folders below `directory`, and the source maps beside them. */
export function writeBundles(
  { extension, entries, outdir, directory }: Bundling & { readonly outdir: string },
  { outputFiles, metafile }: BuildResult<{ write: false; metafile: true }>,
): Bundles {
  const filesByPath = new Map(outputFiles.map((file) => [file.path, file.text]));
  const outputs = new Map(Object.entries(metafile.outputs).map(([path, output]) => [resolve(path), output]));
  return new Map(
    entries.map((entry) => {
      const home = resolve(directory, folderName(entry));
      const made = resolve(outdir, folderName(entry));
      const path = join(made, 'index.js');
      const text = filesByPath.get(path);
      const map = filesByPath.get(`${path}.map`);
      const output = outputs.get(path);
      if (text === undefined || map === undefined || output === undefined) {
        throw new Error(`esbuild wrote nothing for ${entry}.`);
      }
      const file = entry.replace(/^\.\//, '');
      const digest = createHash('sha256').update(text).digest('hex').slice(0, 12);
      const firstLine = firstLineOf(text, `${file} ${digest}`);
      const sourceMap = sourceMapPath(directory, { digest });
      const code = `${firstLine}${text}`;
      for (const folder of [home, dirname(sourceMap)]) mkdirSync(folder, { recursive: true });
      writeFileSync(join(home, 'index.js'), code);
      writeFileSync(join(home, 'package.json'), '{"type":"commonjs"}');
      writeFileSync(sourceMap, projectMap(map, { file, made, isShifted: firstLine !== '' }));
      const inputs = [...Object.keys(output.inputs), ...(entry === pageEntry ? pageInputs(extension) : [])];
      return [entry, { directory: home, bytes: Buffer.byteLength(code), digest, inputs }];
    }),
  );
}

/** CommonJS has no name for this one: it is made where it is asked for. */
const importMetaUrl = '$importMetaUrl';

/** What a bundle asks for and only its file can tell, in a line of its own: so the rest stays where its map says. */
function firstLineOf(text: string, build: string): string {
  const values = {
    [importMetaUrl]: "require('node:url').pathToFileURL(__filename).href",
    [buildName]: JSON.stringify(build),
  };
  const named = Object.entries(values).filter(([name]) => text.includes(name));
  return named.length === 0 ? '' : `const ${named.map((value) => value.join('=')).join()};\n`;
}

/** From the project's directory; a module that is no file keeps its own name. */
function projectPath(path: string): string {
  return relative('.', path)
    .replaceAll('\\', '/')
    .replace(/^.*(?=(configured-handlers|page-files):|<define:)/, '');
}

/** The map with sources from the project's directory, whoever reads it and wherever it lies. */
function projectMap(map: string, bundle: { file: string; made: string; isShifted: boolean }): string {
  const { mappings, sources, ...rest } = JSON.parse(map) as { mappings: string; sources: string[] };
  return JSON.stringify({
    ...rest,
    file: bundle.file,
    sources: sources.map((source) => projectPath(resolve(bundle.made, source))),
    mappings: bundle.isShifted ? `;${mappings}` : mappings,
  });
}

/** `./functions/app/products.ts` → `functions--app--products`. */
function folderName(entry: string): string {
  return entry
    .replace(/^\.\//, '')
    .replace(/\.ts$/, '')
    .replaceAll(/[^\w-]+/g, '--');
}
