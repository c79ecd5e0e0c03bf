import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Extension } from '../../shared/config.ts';
import type { Bundles } from './bundle.ts';
import { handlersIn } from './configured-handlers.ts';

/** What was bundled for an assembly, and of what: whoever bundles again makes the same. */
export interface BundleList {
  readonly extension: Extension;
  readonly bundles: readonly ListedBundle[];
}

export interface ListedBundle {
  readonly entry: string;
  readonly digest: string;
  /** Files, from the project's directory. One that ends in `/` is a folder, with all that is below it. */
  readonly inputs: readonly string[];
  /** Whether code of the author's is in it. */
  readonly holdsHandlers: boolean;
}

const fileName = 'bundles.json';

/** Leaves the list in the assembly, beside the template. */
export function writeBundleList(assembly: string, extension: Extension, bundles: Bundles): void {
  const list: BundleList = {
    extension,
    bundles: [...bundles].map(([entry, { digest, inputs }]) => ({
      entry,
      digest,
      inputs,
      holdsHandlers: handlersIn(extension, entry).length > 0,
    })),
  };
  writeFileSync(join(assembly, fileName), JSON.stringify(list));
}

export function readBundleList(assembly: string): BundleList {
  return JSON.parse(readFileSync(join(assembly, fileName), 'utf8')) as BundleList;
}
