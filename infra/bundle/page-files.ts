import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { type BuildFailure, build, formatMessages, type Plugin } from 'esbuild';
import { ConfigurationError, type Extension } from '../../shared/config.ts';
import { type PageFile, paths, type StoredCoding } from '../../shared/contract.ts';
import { contentType, isCompressible } from './content-type.ts';
import { defaultPage, inlineScriptNote, isHashed, withSessionScript } from './page.ts';
import { readFrontEnd } from './read-front-end.ts';

/** The function that serves pages and files, whose bundle holds them. */
export const pageEntry = './functions/page.ts';

/** What goes into that bundle: each file's record by its path, and the bytes by the name under which they lie there. */
export interface PageFiles {
  readonly records: Readonly<Record<string, PageFile>>;
  readonly stored: ReadonlyMap<string, Buffer>;
}

const folder = 'files';
const sessionScript = './functions/browser/session.ts';
/** Lambda answers at most 6 MB of JSON, in which bytes are base64. */
const maxStoredBytes = 4_300_000;
/** Brotli's best takes seconds for a megabyte, and saves a tenth. */
const maxBytesForBest = 512 * 1024;

const codings: Readonly<Record<StoredCoding, (bytes: Buffer) => Promise<Buffer>>> = {
  br: (bytes) => {
    const quality = bytes.length > maxBytesForBest ? 9 : constants.BROTLI_MAX_QUALITY;
    return promisify(brotliCompress)(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    });
  },
  gzip: (bytes) => promisify(gzip)(bytes, { level: constants.Z_BEST_COMPRESSION }),
};

/**
 * The files of the configuration's front end, or of the page that stands for none, with our script, each compressed once.
 * @throws {ConfigurationError} with a sentence about what cannot be served.
 */
export async function makePageFiles({ page, name }: Pick<Extension, 'page' | 'name'>): Promise<PageFiles> {
  const frontEnd = page === undefined ? new Map([['index.html', defaultPage(name)]]) : readFrontEnd(page);
  const served = new Map(frontEnd);
  const index = frontEnd.get('index.html') ?? Buffer.from('');
  const note = page === undefined ? undefined : inlineScriptNote(page, index);
  if (note !== undefined) console.error(note);
  served.set('index.html', withSessionScript(index));
  served.set(paths.sessionScript.slice(1), await bundleSessionScript());
  const hashed = isHashed(page);
  const stored = new Map<string, Buffer>();
  const records = await Promise.all(
    [...served].map(async ([path, bytes]): Promise<[string, PageFile]> => {
      const type = contentType(path);
      const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
      const packed = isCompressible(type) ? await compress(bytes) : [];
      const smallest = packed.find(([coding]) => coding === 'gzip')?.[1] ?? bytes;
      if (smallest.length > maxStoredBytes) {
        throw new ConfigurationError(
          `extension.config.ts: page names ${page}, whose ${path} has ${megabytes(smallest.length)} MB compressed, and at most ${megabytes(maxStoredBytes)} can be answered: put it into a bucket, and name that in csp.`,
        );
      }
      stored.set(digest, bytes);
      for (const [coding, made] of packed) stored.set(`${digest}.${coding}`, made);
      return [path, { type, digest, isImmutable: hashed(path), codings: packed.map(([coding]) => coding) }];
    }),
  );
  return { records: Object.fromEntries(records), stored };
}

/** In every coding that makes it smaller, best first. */
async function compress(bytes: Buffer): Promise<[StoredCoding, Buffer][]> {
  const made = await Promise.all(
    (['br', 'gzip'] as const).map(
      async (coding): Promise<[StoredCoding, Buffer]> => [coding, await codings[coding](bytes)],
    ),
  );
  return made.filter(([, packed]) => packed.length < bytes.length);
}

function megabytes(bytes: number): string {
  return (Math.ceil(bytes / 100_000) / 10).toFixed(1);
}

/**
 * Makes the module `#page` of the front end: its files' records, and the folder in which they lie, beside the code in
 * `directory`, where they are written once all is bundled.
 */
export function pageFiles(extension: Extension, directory: string): Plugin {
  return {
    name: 'page-files',
    setup(build) {
      let made: PageFiles | undefined;
      build.onResolve({ filter: /^#page$/ }, ({ path }) => ({ path, namespace: 'page-files' }));
      build.onLoad({ filter: /.*/, namespace: 'page-files' }, async () => {
        made = await makePageFiles(extension);
        const contents = [
          `import { join } from 'node:path';`,
          `export const folder = join(import.meta.dirname, '${folder}');`,
          `export const files = ${JSON.stringify(made.records)};`,
        ].join('\n');
        return { contents, loader: 'js', resolveDir: process.cwd() };
      });
      build.onEnd(() => {
        if (made === undefined) return;
        mkdirSync(join(directory, folder), { recursive: true });
        for (const [name, bytes] of made.stored) writeFileSync(join(directory, folder, name), bytes);
      });
    },
  };
}

/** The folders that the files come from, from the project's directory. */
export function pageInputs({ page }: Pick<Extension, 'page'>): string[] {
  const folders = [dirname(sessionScript), ...(page === undefined ? [] : [page])];
  return folders.map((each) => `${relative('.', each).replaceAll('\\', '/')}/`);
}

/** Our script for browsers, as one that any page can name in `<script src>`. */
async function bundleSessionScript(): Promise<Buffer> {
  const { outputFiles } = await build({
    entryPoints: [sessionScript],
    bundle: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2020',
    minify: true,
    legalComments: 'none',
    charset: 'utf8',
    write: false,
    logLevel: 'silent',
  }).catch(async (error: BuildFailure) => {
    if (!Array.isArray(error.errors)) throw error;
    const messages = await formatMessages(error.errors, { kind: 'error' });
    throw new ConfigurationError(`${paths.sessionScript} cannot be bundled:\n${messages.join('').trimEnd()}`);
  });
  return Buffer.from(outputFiles[0]?.contents ?? []);
}
