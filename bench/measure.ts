/** One figure of each round, in the order of the rounds. */
export type Series = readonly number[];

/** A ratio of two things that were measured in turns: the median over the rounds, and its quartiles. */
export interface Ratio {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Measures all of them in turns, each round beginning with another one. What disturbs the machine for a while then
 * disturbs all of them, and a ratio within one round hardly notices.
 */
export async function interleave<Name extends string>(
  measurements: Readonly<Record<Name, () => Promise<number>>>,
  rounds: number,
): Promise<Record<Name, Series>> {
  const names = Object.keys(measurements) as Name[];
  const series = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds; round++) {
    const first = round % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      series[name].push(await measurements[name]());
    }
  }
  return series;
}

export function ratio(series: Series, reference: Series): Ratio {
  const ratios = series.map((value, round) => value / (reference[round] ?? Number.NaN)).sort((a, b) => a - b);
  return { median: quantile(ratios, 0.5), low: quantile(ratios, 0.25), high: quantile(ratios, 0.75) };
}

export function median(series: Series): number {
  return quantile(
    series.toSorted((a, b) => a - b),
    0.5,
  );
}

function quantile(sorted: Series, share: number): number {
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position % 1);
}
