import { readFileSync } from 'node:fs';
import type { Place } from './resolve-places.ts';

const linesAround = 2;

/** The lines around a place as an editor shows them, with a mark below it; undefined where the file cannot be read. */
export function codeFrame({ file, line, column }: Place): string | undefined {
  let lines: string[];
  try {
    lines = readFileSync(file, 'utf8').split(/\r?\n/);
  } catch {
    return undefined;
  }
  if (line > lines.length) return undefined;
  const first = Math.max(1, line - linesAround);
  const last = Math.min(lines.length, line + linesAround);
  const width = String(last).length;
  return lines
    .slice(first - 1, last)
    .flatMap((text, index) => {
      const number = first + index;
      const shown = text.slice(0, 200);
      const row = `${number === line ? '>' : ' '} ${String(number).padStart(width)} | ${shown}`.trimEnd();
      if (number !== line) return [row];
      const indent = shown.slice(0, column - 1).replaceAll(/[^\t]/g, ' ');
      return [row, `  ${' '.repeat(width)} | ${indent}^`];
    })
    .join('\n');
}

/** Of the places that an error came through, the one that its author will look at first: packages and the template's parts come last. */
export function authorsPlace(places: readonly Place[]): Place | undefined {
  const inProject = places.filter(
    ({ file }) => !/(^|\/)node_modules\/|^(configured-handlers|page-files):|^<define:/.test(file),
  );
  // functions/worker.ts and its like are where the author's handlers are called from.
  return (
    inProject.find(({ file }) => !/^(functions\/runtime|shared)\/|^functions\/[^/]+$/.test(file)) ??
    inProject.find(({ file }) => !/^(functions\/runtime|shared)\//.test(file)) ??
    inProject[0] ??
    places[0]
  );
}
