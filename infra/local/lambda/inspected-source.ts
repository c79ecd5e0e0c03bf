import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * Lets a debugger find the sources of a bundle, which itself names no source map: it is loaded with the map behind it.
 * What runs is the same.
 */
export function showSources(bundleUrl: string, sourceMap: string): void {
  registerHooks({
    load(url, context, nextLoad) {
      if (url !== bundleUrl) return nextLoad(url, context);
      const map = JSON.parse(readFileSync(sourceMap, 'utf8')) as object;
      const located = JSON.stringify({ ...map, sourceRoot: pathToFileURL(`${process.cwd()}/`).href });
      const mapUrl = `data:application/json;base64,${Buffer.from(located).toString('base64')}`;
      const source = `${readFileSync(fileURLToPath(url), 'utf8')}\n//# sourceMappingURL=${mapUrl}`;
      return { format: 'commonjs', source, shortCircuit: true };
    },
  });
}
