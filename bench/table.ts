import { cpus } from 'node:os';
import type { Ratio } from './measure.ts';

/** A line of the table. */
export interface Row {
  readonly what: string;
  readonly against: string;
  /** What this project needs, with the other as 1. */
  readonly ratio: Ratio;
  /** The most that it should be; undefined where it is there to be known. */
  readonly target?: number | undefined;
}

/** The rows as markdown. A target that is missed says so; nothing fails by it: timings are no tests. */
export function table(rows: readonly Row[]): string {
  const lines = rows.map(({ what, against, ratio, target }) => {
    const verdict = target === undefined ? '' : `≤ ${format(target)} ${ratio.value <= target ? '✓' : '**missed**'}`;
    return `| ${what} | ${against} | ${format(ratio.value)} | ${format(ratio.low)}–${format(ratio.high)} | ${verdict} |`;
  });
  return [
    '| What | against | ratio | over three thirds of the run | target |',
    '|---|---|---:|---:|---|',
    ...lines,
  ].join('\n');
}

const format = (value: number): string => value.toFixed(value < 0.1 ? 3 : 2);

/** Where and when this was measured, and how to do it again. */
export function circumstances(command: string): string {
  const processors = cpus();
  const model = processors[0]?.model.trim() || 'unknown processor';
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, ${model}, ${processors.length} cores, ${process.platform} ${process.arch}, Node ${process.version}: \`${command}\``;
}
