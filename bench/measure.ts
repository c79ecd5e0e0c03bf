/** One figure of each round, in the order of the rounds. */
export type Series = readonly number[];

/** A ratio of two things that were measured in turns, and its range over the whole run and each third of it. */
export interface Ratio {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Measures all of them in turns, each round beginning with another one. What disturbs the machine for a while then
 * disturbs all of them alike, and their ratio hardly notices.
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

/** Of the lower quartiles: whatever disturbs a round only adds to it, so that the calmer rounds say more. */
export function ratio(series: Series, reference: Series): Ratio {
  const third = Math.max(1, Math.floor(series.length / 3));
  const ratioOf = (from: number, to: number) =>
    lowerQuartile(series.slice(from, to)) / lowerQuartile(reference.slice(from, to));
  const thirds = [0, third, 2 * third]
    .filter((from) => from < series.length)
    .map((from) => ratioOf(from, from + third));
  const value = ratioOf(0, series.length);
  return { value, low: Math.min(value, ...thirds), high: Math.max(value, ...thirds) };
}

export function lowerQuartile(series: Series): number {
  const sorted = series.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) / 4;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position % 1);
}
