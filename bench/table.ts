import { cpus } from 'node:os';
import type { Ratio } from './measure.ts';

/** What this project needs, with something else as 1. */
export interface Comparison extends Ratio {
  /** The most that it should be; undefined where it is there to be known. */
  readonly target?: number | undefined;
}

/** A table of comparisons: what is measured is on the left, what it is measured against on top. */
export interface Table {
  readonly title: string;
  readonly against: readonly string[];
  /** What is no comparison is printed as it is. */
  readonly rows: readonly { readonly what: string; readonly comparisons: readonly (Comparison | string)[] }[];
}

/** As markdown. A target that is missed says so; nothing fails by it: timings are no tests. */
export function markdown({ title, against, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line([title, ...against]),
    line(['---', ...against.map(() => '---:')]),
    ...rows.map(({ what, comparisons }) => line([what, ...comparisons.map(cell)])),
  ].join('\n');
}

/** The targets are the same all the way down, so that they stand on top. */
export function withTarget(against: string, target: number): string {
  return `${against} (≤ ${format(target)})`;
}

function cell(content: Comparison | string): string {
  if (typeof content === 'string') return content;
  const { value, low, high, target } = content;
  const text = target === undefined || value <= target ? format(value) : `**${format(value)}**`;
  return `${text} <small>${format(low)}–${format(high)}</small>`;
}

const format = (value: number): string => value.toFixed(value < 0.2 ? 3 : 2);

/** Where and when this was measured, and how to do it again. */
export function circumstances(command: string): string {
  const processors = cpus();
  const model = processors[0]?.model.trim() || 'unknown processor';
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, ${model}, ${processors.length} cores, ${process.platform} ${process.arch}, Node ${process.version}: \`${command}\``;
}
