import { type BuildContext, type BuildFailure, context } from 'esbuild';
import type { Extension } from '../../shared/config.ts';
import { type Bundles, buildOptions, bundle, refuse, writeBundles } from './bundle.ts';
import { pageEntry } from './page-files.ts';

/** Bundles again what has changed: the same as `bundle()` makes, sooner. */
export interface Bundler {
  /** @throws {ConfigurationError} with esbuild's own words about the code that does not bundle. */
  bundle(entries: readonly string[], directory: string): Promise<Bundles>;
  close(): Promise<void>;
}

/** For one entry file each esbuild keeps what it has read: an author works on few at a time. */
const mostContexts = 3;

export function openBundler(extension: Extension): Bundler {
  const contexts = new Map<string, BuildContext>();
  const contextOf = async (entry: string, outdir: string) => {
    const kept =
      contexts.get(entry) ?? (await context(buildOptions({ extension, entries: [entry], directory: outdir })));
    contexts.delete(entry);
    contexts.set(entry, kept);
    const [oldest = ''] = contexts.keys();
    if (contexts.size > mostContexts) {
      await contexts.get(oldest)?.dispose();
      contexts.delete(oldest);
    }
    return kept;
  };
  // Nothing is written there: esbuild only names files by it, the same way each time.
  const outdir = 'cdk.out/bundler';
  return {
    async bundle(entries, directory) {
      // The front end's files are written while esbuild runs, to where its function's code will be.
      if (entries.length > mostContexts || entries.includes(pageEntry)) {
        return bundle({ extension, entries, directory });
      }
      const made = await Promise.all(
        entries.map(async (entry) => {
          const kept = await contextOf(entry, outdir);
          const result = await kept.rebuild().catch((error: BuildFailure) => refuse(error));
          return [...writeBundles({ extension, entries: [entry], outdir, directory }, result)];
        }),
      );
      return new Map(made.flat());
    },
    close: async () => {
      await Promise.all([...contexts.values()].map((kept) => kept.dispose()));
      contexts.clear();
    },
  };
}
