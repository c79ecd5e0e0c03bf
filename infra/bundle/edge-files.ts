import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Extension } from '../../shared/config.ts';
import { documentTypes } from '../../shared/contract.ts';
import { contentType } from './content-type.ts';
import { isHashed } from './page.ts';
import { readFrontEnd } from './read-front-end.ts';

/** Files of one type, in a folder as they lie in the front end. */
export interface EdgeFiles {
  /** `Content-Type`. */
  readonly type: string;
  readonly directory: string;
}

/**
 * Writes the files of the front end that CloudFront takes from a bucket, by type: those whose name carries a digest, so that
 * what an open page still loads may stay there for ever. Documents are the function's, with the page's policy.
 * @throws {ConfigurationError} with a sentence about what cannot be served.
 */
export function writeEdgeFiles({ page }: Pick<Extension, 'page'>, directory: string): EdgeFiles[] {
  if (page === undefined) return [];
  const isImmutable = isHashed(page);
  const files = [...readFrontEnd(page)].filter(([path]) => isImmutable(path) && !documentTypes.test(contentType(path)));
  const byType = Map.groupBy(files, ([path]) => contentType(path));
  return [...byType].map(([type, group]) => {
    const home = join(directory, 'edge', type.replaceAll(/\W+/g, '-'));
    for (const [path, bytes] of group) {
      mkdirSync(dirname(join(home, path)), { recursive: true });
      writeFileSync(join(home, path), bytes);
    }
    return { type, directory: home };
  });
}
