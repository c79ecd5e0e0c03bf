import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ConfigurationError } from '../../shared/config.ts';
import { type ListedBundle, readBundleList } from '../bundle/bundle-list.ts';
import { type Bundler, openBundler } from '../bundle/bundler.ts';
import type { EnvironmentFile } from '../local/host/environment-file.ts';
import type { Log } from '../local/host/log-entry.ts';
import { StartError } from '../local/host/start-error.ts';
import { describeError } from '../local/host/system-error.ts';
import type { LocalExtension } from '../local/start-local-extension.ts';
import { sourceMapPath } from '../source-maps/build.ts';
import { watchProject } from './watch-project.ts';

/** A file that was saved half-way is saved again by then, and nobody needs to hear of it. */
const forgivingMilliseconds = 250;
/** Whoever waits longer wants to know for what. */
const silentMilliseconds = 1000;

/** Of older ones only those that are served: what is ending may still start an instance. */
const keptFolders = 3;

export interface Reloading {
  close(): Promise<void>;
}

/**
 * Watches the project while the extension runs. What functions are bundled of is bundled again and their code replaced;
 * what the stack was made by makes it again. A mistake is told, and what served before goes on.
 */
export async function reloadOnChange(options: {
  readonly extension: LocalExtension;
  readonly log: Log;
  /** Default: the project's. */
  readonly root?: string;
  /** Read again when it was saved, with the stack. */
  readonly environmentFile?: EnvironmentFile;
}): Promise<Reloading> {
  const { extension, log, root = process.cwd(), environmentFile } = options;
  const folder = join(extension.directory, 'reloaded');
  rmSync(folder, { recursive: true, force: true });
  const watch = await watchProject(root, [extension.directory]);
  const say = (text: string) => log({ kind: 'note', text });
  let made = readMade(extension.assembly());
  let bundler: Bundler | undefined;
  let count = 0;
  /** The folder that each function's code is in. */
  const folders = new Map<string, number>();
  /** What has changed since all was well. */
  const dirty = new Set<string>();

  const bundleAgain = async (affected: readonly ListedBundle[]): Promise<boolean> => {
    bundler ??= openBundler(made.extension);
    const directory = join(folder, String((count += 1)));
    const entries = affected.map(({ entry }) => entry);
    const bundles = await bundler.bundle(entries, directory);
    const changed = affected.filter(({ entry, digest }) => bundles.get(entry)?.digest !== digest);
    const code = new Map(
      changed.flatMap(({ entry }) => {
        const bundle = bundles.get(entry);
        if (bundle === undefined) return [];
        return [
          [labelOf(entry), { directory: bundle.directory, sourceMap: sourceMapPath(directory, bundle) }] as const,
        ];
      }),
    );
    if (code.size > 0) {
      const withHandlers = new Set(changed.filter((each) => each.holdsHandlers).map(({ entry }) => labelOf(entry)));
      await extension.replaceCode(code, (label) => withHandlers.has(label));
    }
    for (const { entry } of changed) folders.set(entry, count);
    for (let old = count - keptFolders; old > 0; old -= 1) {
      if (![...folders.values()].includes(old)) rmSync(join(folder, String(old)), { recursive: true, force: true });
    }
    made = {
      ...made,
      bundles: made.bundles.map((listed) => ({ ...listed, ...pick(bundles.get(listed.entry)) })),
    };
    return code.size > 0;
  };

  const apply = async (changed: ReadonlySet<string>): Promise<void> => {
    const begunAt = performance.now();
    const affected = made.bundles.filter(({ inputs }) => isAmong(changed, inputs));
    const isEnvironmentChanged = environmentFile !== undefined && changed.has(environmentFile.path);
    if (isEnvironmentChanged) environmentFile.read();
    const isStackAffected =
      isEnvironmentChanged ||
      [...changed].some((file) => made.loaded.has(file)) ||
      (made.hasFailed && affected.length === 0);
    if (affected.length === 0 && !isStackAffected) return;
    const names = [...changed].toSorted().slice(0, 3).join(', ') + (changed.size > 3 ? ' …' : '');
    const slow = setTimeout(() => say(`Reloading ${names}${changed.size > 3 ? '' : ' …'}`), silentMilliseconds);
    try {
      const isReplaced = affected.length > 0 && (await bundleAgain(affected));
      if (isStackAffected) {
        await extension.synthesizeAgain();
        await bundler?.close();
        bundler = undefined;
        made = { ...readMade(extension.assembly()), hasFailed: made.hasFailed };
      }
      const isMended = made.hasFailed;
      made.hasFailed = false;
      if (isReplaced || isStackAffected || isMended)
        say(`Reloaded ${names} in ${seconds(performance.now() - begunAt)}.`);
    } finally {
      clearTimeout(slow);
    }
  };

  const run = async () => {
    for (;;) {
      const changed = await watch.changes();
      if (changed.size === 0) return;
      for (const file of changed) dirty.add(file);
      try {
        await apply(dirty);
        dirty.clear();
      } catch (error) {
        made.hasFailed = true;
        await wait(forgivingMilliseconds);
        if (watch.isPending) continue;
        say(`${sentence(error)}\nThe last good version serves.`);
      }
    }
  };
  const running = run();
  return {
    async close() {
      await watch.close();
      await running;
      await bundler?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What is served: what it was bundled of, and which files made the stack. */
function readMade(assembly: string) {
  const loadedFile = join(assembly, 'loaded-files.json');
  const loaded = existsSync(loadedFile) ? (JSON.parse(readFileSync(loadedFile, 'utf8')) as string[]) : [];
  return { ...readBundleList(assembly), loaded: new Set(loaded), hasFailed: false };
}

function isAmong(changed: ReadonlySet<string>, inputs: readonly string[]): boolean {
  return inputs.some((input) =>
    input.endsWith('/') ? [...changed].some((file) => file.startsWith(input)) : changed.has(input),
  );
}

const labelOf = (entry: string) => entry.replace(/^\.\//, '');
const pick = (bundle: { digest: string; inputs: readonly string[] } | undefined) =>
  bundle && { digest: bundle.digest, inputs: bundle.inputs };
const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(milliseconds < 995 ? 2 : 1)} s`;

function sentence(error: unknown): string {
  if (error instanceof StartError || error instanceof ConfigurationError) return error.message;
  const described = describeError(error);
  return typeof described === 'string' ? described : String((error as Error).stack ?? error);
}
