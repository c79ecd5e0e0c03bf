import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { BenchBundles } from './bundles.ts';
import { interleave, lowerQuartile, ratio } from './measure.ts';
import { type Table, withTarget } from './table.ts';

const run = promisify(execFile);
const program = fileURLToPath(new URL('./import-once.cjs', import.meta.url));

/**
 * What loading costs, which every cold start pays: processor time in a fresh process, Node's own start left out.
 *
 * A bundle beside the DynamoDB document client alone, as esbuild bundles it, shows what the extension itself adds to a client that
 * it cannot do without. Beside the official stack, as npm installs it, it shows what a cold start is spared.
 */
export async function importCost(
  bundles: BenchBundles,
  official: { packages: string; bundled: string },
  rounds: number,
): Promise<Table> {
  const files: Record<string, string> = {
    ...Object.fromEntries(bundles.functions),
    'the client': bundles.client,
    'official, packages': official.packages,
    'official, bundled': official.bundled,
  };
  const series = await interleave(
    Object.fromEntries(Object.entries(files).map(([name, file]) => [name, () => importOnce(file)])),
    rounds,
  );
  for (const [name, cpu] of Object.entries(series))
    process.stderr.write(`  ${name}: ${Math.round(lowerQuartile(cpu))} µs\n`);
  const references = [
    ['the DynamoDB document client alone', 'the client', 1.3],
    ['the official stack', 'official, packages', 1 / 8],
    ['the official stack, bundled', 'official, bundled', undefined],
  ] as const;
  return {
    title: 'Loading a bundle',
    against: references.map(([name, , target]) => (target === undefined ? name : withTarget(name, target))),
    rows: [...bundles.functions.keys()].map((name) => ({
      what: `\`${name}\``,
      comparisons: references.map(([, reference, target]) => ({
        ...ratio(series[name] ?? [], series[reference] ?? []),
        target,
      })),
    })),
  };
}

async function importOnce(file: string): Promise<number> {
  const { stdout } = await run(process.execPath, [program, file], { env: {} });
  return Number(stdout);
}
