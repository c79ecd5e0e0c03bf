import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { BenchBundles } from './bundles.ts';
import { interleave, lowerQuartile, ratio } from './measure.ts';
import type { Row } from './table.ts';

const run = promisify(execFile);
const program = fileURLToPath(new URL('./import-once.cjs', import.meta.url));

/**
 * What importing costs, which every cold start pays: processor time in a fresh process, Node's own start left out.
 *
 * A bundle beside the DynamoDB client alone shows what the extension itself adds to a client that it cannot do without.
 * Beside the official stack, as npm installs it, it shows what a cold start is spared.
 */
export async function importCost(
  bundles: BenchBundles,
  official: { packages: string; bundled: string },
  rounds: number,
): Promise<Row[]> {
  const files: Record<string, string> = {
    ...Object.fromEntries(bundles.functions),
    'the client': bundles.client,
    'the client, without aliases': bundles.clientWithoutAliases,
    'official, packages': official.packages,
    'official, bundled': official.bundled,
  };
  const series = await interleave(
    Object.fromEntries(Object.entries(files).map(([name, file]) => [name, () => importOnce(file)])),
    rounds,
  );
  for (const [name, cpu] of Object.entries(series))
    process.stderr.write(`  ${name}: ${Math.round(lowerQuartile(cpu))} µs\n`);
  const compare = (name: string, reference: string) => ratio(series[name] ?? [], series[reference] ?? []);
  const rows = [...bundles.functions.keys()].map((name) => ({
    what: `Import of \`${name}\``,
    against: 'the DynamoDB client alone',
    ratio: compare(name, 'the client, without aliases'),
    target: 1.3,
  }));
  // The most expensive bundle speaks for all of them.
  const [heaviest] = rows.toSorted((a, b) => b.ratio.value - a.ratio.value);
  const heaviestName = /`(.*)`/.exec(heaviest?.what ?? '')?.[1] ?? '';
  const heaviestAgainst = (against: string, reference: string, target?: number): Row => ({
    what: `Import of \`${heaviestName}\`, the heaviest`,
    against,
    ratio: compare(heaviestName, reference),
    target,
  });
  return [
    ...rows,
    heaviestAgainst('the DynamoDB client alone, with our aliases', 'the client'),
    heaviestAgainst('the official stack', 'official, packages', 0.1),
    heaviestAgainst('the official stack, bundled by esbuild', 'official, bundled'),
  ];
}

async function importOnce(file: string): Promise<number> {
  const { stdout } = await run(process.execPath, [program, file], { env: {} });
  return Number(stdout);
}
