import { realpathSync } from 'node:fs';
import { authorsPlace, codeFrame } from '../../source-maps/code-frame.ts';
import { formatPlace, openSourceMap, placesIn, resolvePlaces } from '../../source-maps/resolve-places.ts';
import type { ThrownError } from './describe-thrown.ts';

/** What went wrong in a function, as its author reads it. Holds the message, which no deployed function tells. */
export interface AuthorError {
  /** Kind and message, and those of its causes. */
  readonly text: string;
  /** `functions/app/products.ts:6:11`; undefined where no frame leads to a source. */
  readonly place: string | undefined;
  readonly codeFrame: string | undefined;
  /** Where it came through, the innermost first. */
  readonly frames: readonly string[];
}

/** What a function prints and throws, with places in the sources in place of those in the bundle. */
export interface FunctionSources {
  resolve(text: string): string;
  describe(error: ThrownError): AuthorError;
}

/** Node itself, packages, and what stands in for Lambda's runtime. */
const notOfTheProject = /\bnode:|\bnode_modules\/|function-worker\.ts|configured-handlers:/;

/** @param sourceMap undefined where there is none: then nothing is resolved. */
export function openSources(bundleFile: string, sourceMap: string | undefined): FunctionSources {
  const findPlace = sourceMap === undefined ? () => undefined : openSourceMap(sourceMap);
  let file = bundleFile;
  try {
    file = realpathSync(bundleFile);
  } catch {
    // What is not there cannot be loaded, which is said elsewhere.
  }
  const resolve = (text: string) => resolvePlaces(text, file, findPlace);
  return {
    resolve,
    describe({ text, frames }) {
      const place = authorsPlace(placesIn(frames, file, findPlace));
      return {
        text: resolve(text),
        place: place && formatPlace(place),
        codeFrame: place && codeFrame(place),
        frames: frames.map(resolve).filter((frame) => !notOfTheProject.test(frame)),
      };
    },
  };
}
