import { pathToFileURL } from 'node:url';
import type { BenchBundles } from './bundles.ts';
import { companies } from './events.ts';
import { lowerQuartile, ratio } from './measure.ts';
import { type Cost, describeCalls, type Effort, runSubjects, type SubjectStart } from './run-subjects.ts';
import type { WebhookSetup } from './subjects/webhook.ts';
import type { WorkerSetup } from './subjects/worker.ts';
import type { Table } from './table.ts';
import { functionEnvironment, installationItem, makeTables, putItems, type World, webhookKey } from './world.ts';

/**
 * How many events one instance takes in (`webhook`: verified and queued) and works off (`worker`: a batch of ten
 * companies' events, each with a call of the platform), beside bare handlers that make the same calls.
 *
 * Events per second of processor time is what a whole core could do if nothing else were slow: on Lambda an instance
 * with 1,769 MB has one. It is the one figure here that is no ratio, so compare it with nothing but itself.
 */
export async function throughput(world: World, bundles: BenchBundles, effort: Effort): Promise<Table> {
  const tables = await makeTables(world, 'Events');
  const installed = [];
  for (const companyId of companies) installed.push(await installationItem(companyId));
  await putItems(world, tables.installations, installed);

  const { queueUrl, platform } = world.services;
  const env = functionEnvironment(world, tables);
  const bundleOf = (name: string) => pathToFileURL(bundles.functions.get(name) ?? '').href;
  const webhook = (bundle: string | undefined): SubjectStart => {
    const setup: WebhookSetup = { bundle, webhookKey, queueUrl };
    return { url: bundles.bareWebhook, env, setup };
  };
  const worker = (bundle: string | undefined): SubjectStart => {
    const setup: WorkerSetup = { bundle, tables, platform };
    return { url: bundles.bareWorker, env, setup };
  };
  const received = await runSubjects(world, { own: webhook(bundleOf('webhook')), bare: webhook(undefined) }, effort);
  // A run is a batch of ten.
  const perBatch = (runs: number) => Math.ceil(runs / companies.length);
  const worked = await runSubjects(
    world,
    { own: worker(bundleOf('worker')), bare: worker(undefined) },
    { ...effort, warmUp: perBatch(effort.warmUp), runsPerRound: perBatch(effort.runsPerRound) },
  );
  const row = (what: string, { own, bare }: { own: Cost; bare: Cost }, events: number) => {
    if (describeCalls(own.calls) !== describeCalls(bare.calls)) {
      throw new Error(`The bare one makes other calls: ${describeCalls(bare.calls)}, ${describeCalls(own.calls)}.`);
    }
    const perSecond = Math.round((events * 1e6) / lowerQuartile(own.cpu));
    return {
      what: `${what}: ${perSecond.toLocaleString('en')} (each ${describeCalls(own.calls, events)})`,
      comparisons: [ratio(own.cpu, bare.cpu)],
    };
  };
  return {
    title: 'Events per second of processor time',
    against: ['a bare handler'],
    rows: [row('`webhook` takes in', received, 1), row('`worker` works off', worked, companies.length)],
  };
}
