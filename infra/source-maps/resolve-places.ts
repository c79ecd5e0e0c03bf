import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';

/** A place in the sources; line and column count from 1. */
export interface Place {
  /** From the project's directory. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What a place in a bundle was made of; undefined where the map does not tell. */
export type FindPlace = (line: number, column: number) => Place | undefined;

/** Reads a source map when it is first asked; one that is missing or broken knows no place. */
export function openSourceMap(path: string): FindPlace {
  let map: SourceMap | undefined;
  return (line, column) => {
    try {
      map ??= new SourceMap(JSON.parse(readFileSync(path, 'utf8')) as SourceMapPayload);
    } catch {
      return undefined;
    }
    const found = map.findEntry(line - 1, column - 1);
    if (!('originalSource' in found)) return undefined;
    return { file: found.originalSource, line: found.originalLine + 1, column: found.originalColumn + 1 };
  };
}

export const formatPlace = ({ file, line, column }: Place): string => `${file}:${line}:${column}`;

const escape = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);

/**
 * Puts places in the sources where a text names places in the bundle, as `/var/task/index.js:1:2345`. A frame loses the
 * name that minifying gave its function.
 * @param bundle the bundle's path or URL, as the text has it.
 */
export function resolvePlaces(text: string, bundle: string, findPlace: FindPlace): string {
  if (!text.includes(bundle)) return text;
  const place = `(?:file://)?${escape(bundle)}:(\\d+):(\\d+)`;
  return text.replaceAll(
    new RegExp(`at (?:async )?(?:new )?[^\\s()]+ \\(${place}\\)|${place}`, 'g'),
    (whole, ...groups: (string | undefined)[]) => {
      const [line, column] = groups[0] === undefined ? groups.slice(2) : groups;
      const found = findPlace(Number(line), Number(column));
      if (found === undefined) return whole;
      return `${whole.startsWith('at ') ? 'at ' : ''}${formatPlace(found)}`;
    },
  );
}

/** The places that the frames of a stack name, the innermost first, of those in the bundle. */
export function placesIn(frames: readonly string[], bundle: string, findPlace: FindPlace): Place[] {
  const place = new RegExp(`${escape(bundle)}:(\\d+):(\\d+)`);
  return frames.flatMap((frame) => {
    const [, line, column] = place.exec(frame) ?? [];
    return findPlace(Number(line), Number(column)) ?? [];
  });
}
