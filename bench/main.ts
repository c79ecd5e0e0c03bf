import { join } from 'node:path';
import { readOptions } from '../test/program.ts';
import { makeBundles, officialFiles, sampleExtension } from './bundles.ts';
import { growth } from './growth.ts';
import { handlerCost } from './handler-cost.ts';
import { importCost } from './import-cost.ts';
import { installOfficialStack, officialStack } from './official-stack.ts';
import { platformCallCost } from './platform-call-cost.ts';
import { circumstances, markdown, type Table } from './table.ts';
import { throughput } from './throughput.ts';
import { waiting } from './waiting.ts';
import { startWorld } from './world.ts';

/**
 * `npm run bench`: what the functions cost, as ratios, and what people wait for. All that is compared is measured in this
 * one run, in turns, and but for the waiting in processor time: the figures mean the same on a fast machine, a slow one and
 * a busy one. A missed target is printed and fails nothing. It takes some six minutes; `--quick` only shows that it works,
 * in half of one, and its figures mean nothing.
 */
const usage = `npm run bench -- [--quick]

What the functions cost, as ratios, and what people wait for. It takes some six minutes, and fails nothing.

  --quick   only shows that it works, in half a minute: its figures mean nothing`;

const { quick } = readOptions(usage, { quick: { type: 'boolean', default: false } });
const effort = quick ? { warmUp: 10, rounds: 2, runsPerRound: 10 } : { warmUp: 500, rounds: 41, runsPerRound: 60 };
const waitingEffort = quick
  ? { warmUp: 2, rounds: 2, runsPerRound: 2, coldStarts: 1 }
  : { warmUp: 20, rounds: 15, runsPerRound: 2, coldStarts: 11 };
const importRounds = quick ? 1 : 15;
const sizes = quick ? [10, 100] : [10, 1_000, 20_000];

const directory = join('.local', 'bench');
const say = (text: string) => process.stderr.write(`${text}\n`);

say('Installing the official stack (from npm, once) …');
const officialFolder = installOfficialStack(directory);
const world = await startWorld();
try {
  const extension = await sampleExtension(world.services.platform);
  const bundles = await makeBundles(extension, join(directory, 'bundles'));
  const tables: Table[] = [];
  say('Importing bundles …');
  tables.push(await importCost(bundles, await officialFiles(officialFolder), importRounds));
  say('Calling the platform proxy …');
  tables.push(await handlerCost(world, { extension, bundles, officialFolder }, effort));
  say('Waiting for services that are far away …');
  tables.push(await waiting(world, { officialFolder, directory: join(directory, 'waiting') }, waitingEffort));
  say('Calling the platform …');
  tables.push(await platformCallCost(world, effort));
  say('Filling tables, and reading from them …');
  tables.push(await growth(world, { extension, bundles }, sizes, effort));
  say('Delivering events …');
  tables.push(await throughput(world, bundles, effort));

  const command = `npm run bench${quick ? ' -- --quick' : ''}`;
  process.stdout.write(
    `${[
      circumstances(command),
      'In bold: more than the target. In small: the least and the most over thirds of the run.',
      ...tables.map(markdown),
      `The official stack is ${officialStack}.`,
    ].join('\n\n')}\n`,
  );
} finally {
  world.client.destroy();
  await world.child.end();
}
