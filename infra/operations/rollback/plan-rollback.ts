import { StartError } from '../../local/host/start-error.ts';

/** A published version of a function. */
export interface PublishedVersion {
  readonly version: string;
  /** Undefined where it was published without gradual deployments. */
  readonly release: string | undefined;
  readonly publishedAtMs: number;
}

/** A function with the alias that is called in its place. */
export interface LiveFunction {
  readonly name: string;
  /** The version that the alias leads to. */
  readonly live: string;
  /** Of the alias: it has not been changed by somebody else meanwhile. */
  readonly revisionId: string | undefined;
  /** Whether a part of the calls goes to another version at present. */
  readonly isMoving: boolean;
  /** Oldest first. */
  readonly versions: readonly PublishedVersion[];
}

/** What leads one alias elsewhere. */
export interface Move {
  readonly fn: LiveFunction;
  readonly to: string;
}

export interface Plan {
  /** Newest first. */
  readonly from: readonly string[];
  readonly to: string;
  readonly moves: readonly Move[];
}

/** Every release that there is a version of, newest first, with when it was published. */
export function releasesOf(
  functions: readonly LiveFunction[],
): { readonly release: string; readonly publishedAtMs: number }[] {
  const newest = new Map<string, number>();
  for (const { release, publishedAtMs } of functions.flatMap(({ versions }) => versions)) {
    if (release !== undefined) newest.set(release, Math.max(newest.get(release) ?? 0, publishedAtMs));
  }
  return [...newest]
    .map(([release, publishedAtMs]) => ({ release, publishedAtMs }))
    .sort((one, other) => other.publishedAtMs - one.publishedAtMs);
}

/**
 * Decides which release all functions are led to: the given one; else, where they are at several, because somebody was
 * interrupted, the oldest of these; else the one before, unless they have been led back already. A function that is newer than that release stays as it is.
 * @throws {StartError} where there is no such release.
 */
export function planRollback(functions: readonly LiveFunction[], wanted?: string): Plan {
  const liveOf = (fn: LiveFunction) => fn.versions.find(({ version }) => version === fn.live);
  const live = functions.flatMap((fn) => liveOf(fn) ?? []);
  const known = releasesOf(functions);
  const from = known.flatMap(({ release }) => (live.some((each) => each.release === release) ? [release] : []));
  const [current] = from;
  // Whoever runs it twice in the night does not go back twice.
  const isBackAlready = from.length === 1 && known[0]?.release !== current;
  const to = wanted ?? (from.length > 1 ? oldest(live) : isBackAlready ? current : releaseBefore(functions));
  if (to === undefined) {
    throw new StartError(
      'There is no release before the one that is live: nothing was changed. Check out the last commit that worked, and deploy it.',
    );
  }
  if (!known.some(({ release }) => release === to)) {
    const there = known.map(
      ({ release, publishedAtMs }) => `${release} (${new Date(publishedAtMs).toISOString().slice(0, 16)}Z)`,
    );
    throw new StartError(`There is no such release: nothing was changed. There are: ${there.join(', ') || 'none'}.`);
  }
  const moves = functions.flatMap((fn): Move[] => {
    const target = fn.versions.findLast(({ release }) => release === to);
    return target === undefined || liveOf(fn)?.release === to ? [] : [{ fn, to: target.version }];
  });
  return { from, to, moves };
}

function oldest(live: readonly PublishedVersion[]): string | undefined {
  return [...live]
    .sort((one, other) => one.publishedAtMs - other.publishedAtMs)
    .find(({ release }) => release !== undefined)?.release;
}

/** The newest release of a version that was published before the live one of its function. */
function releaseBefore(functions: readonly LiveFunction[]): string | undefined {
  const before = functions.flatMap(({ versions, live }) => {
    const at = versions.findIndex(({ version }) => version === live);
    return versions.slice(0, Math.max(at, 0)).filter(({ release }) => release !== versions[at]?.release);
  });
  return before
    .filter(({ release }) => release !== undefined)
    .sort((one, other) => other.publishedAtMs - one.publishedAtMs)[0]?.release;
}
