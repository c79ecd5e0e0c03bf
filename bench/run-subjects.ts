import { type Child, startChild } from './child.ts';
import { interleave, lowerQuartile, type Series } from './measure.ts';
import type { Counts } from './services.ts';
import type { Spent, SubjectModule } from './subject.ts';
import type { World } from './world.ts';

/** How long a measurement takes. */
export interface Effort {
  /** Runs before anything counts, until V8 has compiled what it will. */
  readonly warmUp: number;
  readonly rounds: number;
  readonly runsPerRound: number;
}

export interface SubjectStart extends SubjectModule {
  readonly env: Readonly<Record<string, string>>;
}

/** What one run of a subject needs. */
export interface Cost {
  /** Microseconds of processor time, round by round. */
  readonly cpu: Series;
  /** Milliseconds that it took, round by round. */
  readonly wallMs: Series;
  /** Calls of DynamoDB, SQS, Secrets Manager and the platform. */
  readonly calls: Counts;
}

/** The URL of a file of this folder. */
export const urlOf = (file: string): string => new URL(file, import.meta.url).href;

/** Measures subjects in turns, each in a process of its own. */
export async function runSubjects<Name extends string>(
  { child: services }: World,
  subjects: Readonly<Record<Name, SubjectStart>>,
  { warmUp, rounds, runsPerRound }: Effort,
): Promise<Record<Name, Cost>> {
  const names = Object.keys(subjects) as Name[];
  const children = new Map<Name, Child>();
  try {
    const calls = new Map<Name, Counts>();
    for (const name of names) {
      const { url, setup, env } = subjects[name];
      const child = startChild('./subject.ts', env);
      children.set(name, child);
      await child.ask('start', { url, setup });
      await child.ask('run', warmUp);
      await services.ask('counts');
      await child.ask('run', runsPerRound);
      const counts = await services.ask<Counts>('counts');
      calls.set(name, Object.fromEntries(Object.entries(counts).map(([what, n]) => [what, n / runsPerRound])));
    }
    const walls = new Map(names.map((name) => [name, [] as number[]]));
    const measurements = Object.fromEntries(
      names.map((name) => [
        name,
        async () => {
          // The others' turns took a while: the connections that were closed meanwhile are opened again by a run that
          // does not count.
          await children.get(name)?.ask<Spent>('run', 1);
          const spent = await children.get(name)?.ask<Spent>('run', runsPerRound);
          walls.get(name)?.push((spent?.wallMs ?? Number.NaN) / runsPerRound);
          return (spent?.cpu ?? Number.NaN) / runsPerRound;
        },
      ]),
    ) as Record<Name, () => Promise<number>>;
    const series = await interleave(measurements, rounds);
    // For whoever watches; what is published are ratios.
    for (const name of names) process.stderr.write(`  ${name}: ${Math.round(lowerQuartile(series[name]))} µs\n`);
    return Object.fromEntries(
      names.map((name) => [name, { cpu: series[name], wallMs: walls.get(name) ?? [], calls: calls.get(name) ?? {} }]),
    ) as unknown as Record<Name, Cost>;
  } finally {
    await Promise.all([...children.values()].map((child) => child.end()));
  }
}

/** `2 GetItem, 1 PutItem`. */
export function describeCalls(calls: Counts, perRun = 1): string {
  return Object.entries(calls)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([what, n]) => `${Number((n / perRun).toFixed(2))} ${what}`)
    .join(', ');
}
