import { setTimeout as wait } from 'node:timers/promises';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sweepSchedule } from '../../../shared/contract.ts';
import { Browser } from '../../flow/browser.ts';
import { PlatformControl } from '../../flow/platform-control.ts';
import { type LocalWorld, startWorld } from '../../start-world.ts';
import { clientOf } from '../local/fixture/queues.ts';
import { runCommand } from '../local/fixture/run-command.ts';
import { temporaryDirectory } from '../local/fixture/start-fixture.ts';

const data = temporaryDirectory();
let running: LocalWorld;
let platform: PlatformControl;
beforeAll(async () => {
  running = await startWorld({ dataDir: data.path, readsSecretsLate: true });
  platform = new PlatformControl(running.world);
});
afterAll(async () => {
  await running.close();
  data[Symbol.dispose]();
});

async function rotate(...given: string[]) {
  await using command = runCommand(
    'infra/operations/rotate.ts',
    { LOCAL_DATA_DIR: data.path, EXTENSION_CONFIG: 'test/extension/extension.config.ts' },
    [...given, '--local', '--json'],
  );
  const status = await command.exited;
  expect(command.output).not.toMatch(/ {4}at |CANARY/);
  const { output, stderr } = command;
  if (status === 1) throw new Error(stderr);
  return { status, ...(JSON.parse(output.replace(stderr, '')) as { standing: Record<string, unknown> }) };
}

const companies = [1, 2, 3, 4];

/** People and the platform, until `signal`: what failed, and how much there was of what. */
function startTraffic(signal: AbortSignal) {
  const failures: string[] = [];
  const counts = { calls: 0, signIns: 0, events: 0 };
  /** Events by company. */
  const sent = new Map<number, number>();
  const loop = async (
    kind: keyof typeof counts,
    pauseMs: number,
    act: (round: number) => Promise<string | undefined>,
  ) => {
    for (let round = 0; !signal.aborted; round += 1) {
      const failure = await act(round).catch((error: unknown) => String(error));
      counts[kind] += 1;
      if (failure !== undefined) failures.push(`${kind}: ${failure}`);
      await wait(pauseMs);
    }
  };
  const browsers = companies.map((company) => ({ company, browser: new Browser(running.world) }));
  const call = async ({ company, browser }: (typeof browsers)[number], round: number) => {
    const answer = await browser.fetch(`/api/platform/catalog/v2.0/company/${company}/products/?page_no=${round}`);
    await answer.body?.cancel();
    return answer.status === 200 ? undefined : `company ${company}: ${answer.status}`;
  };
  const signIn = async (company: number, browser: Browser) => {
    const answer = await browser.signIn(company);
    await answer.body?.cancel();
    if (answer.status !== 302) return `company ${company}: ${answer.status}`;
    const session = await browser.fetch('/api/session');
    await session.body?.cancel();
    return session.status === 200 ? undefined : `company ${company}, a moment later: ${session.status}`;
  };
  return {
    failures,
    counts,
    sent,
    async begin() {
      for (const { company, browser } of browsers) expect(await signIn(company, browser)).toBeUndefined();
      await running.extension.idle();
    },
    run: () =>
      Promise.all([
        ...browsers.map((each) => loop('calls', 60, (round) => call(each, round))),
        loop('signIns', 150, (round) => signIn(companies[round % companies.length] ?? 1, new Browser(running.world))),
        loop('events', 250, async (round) => {
          const company = companies[round % companies.length] ?? 1;
          const uid = 7_500_000 + company * 1_000;
          await platform.event(company, { event: 'company/product/update/v1', payload: { product: { uid } } });
          sent.set(company, (sent.get(company) ?? 0) + 1);
          return undefined;
        }),
      ]),
  };
}

test('keys are rotated under load, the token key twice in a row, and nothing that anybody asks for fails', async () => {
  // Each token is refreshed every few seconds, beside its being sealed anew.
  await platform.set({ offlineTokenSeconds: 8 });
  const ending = new AbortController();
  const traffic = startTraffic(ending.signal);
  await traffic.begin();
  await platform.forgetRequests();
  const running_ = traffic.run();
  const { extension } = running;
  /** Some of everything that begins after this. */
  const more = async () => {
    const before = { ...traffic.counts };
    const least = { calls: 4, signIns: 2, events: 2 };
    const missing = () =>
      (['calls', 'signIns', 'events'] as const).filter((kind) => traffic.counts[kind] - before[kind] < least[kind]);
    await expect.poll(missing, { timeout: 60_000 }).toEqual([]);
  };
  const readByAll = async () => {
    extension.startAnew();
    await more();
  };
  const readBySome = async (labels: string[]) => {
    extension.startAnew(labels);
    await more();
  };
  await more();

  for (const key of ['session', 'token', 'token', 'webhook']) {
    await rotate(key, 'begin');
    await readByAll();
    expect((await rotate(key, 'next', '--yes')).standing).toMatchObject({ phase: 'in_use' });
    // Whoever writes knows first, and then whoever reads.
    await readBySome(['functions/callback.ts', 'functions/worker.ts']);
    if (key === 'webhook') await extension.runSchedule(sweepSchedule);
    await more();
    await readBySome(['functions/platform-proxy.ts', 'functions/session.ts', 'functions/webhook.ts']);
    await readByAll();
    const ended = await rotate(key, 'next', '--yes');
    // Sessions live for a day and events come late: these go on counting.
    expect(ended.standing).toMatchObject(key === 'token' ? { phase: 'at_rest' } : { phase: 'in_use', key });
    expect(ended.status).toBe(key === 'token' ? 0 : 2);
    await readByAll();
  }
  ending.abort();
  await running_;
  await extension.idle();

  expect(traffic.failures).toEqual([]);
  const deliveries = await platform.deliveries({});
  const attempts = deliveries.flatMap((delivery) => delivery.attempts.map(({ status }) => status));
  expect(attempts.filter((status) => status !== 200)).toEqual([]);
  for (const [company, count] of traffic.sent) {
    const path = `/service/platform/catalog/v2.0/company/${company}/products/${7_500_000 + company * 1_000}/`;
    expect(await platform.requests(path)).toHaveLength(count);
  }
  const refreshes = (await platform.requests('/service/panel/authentication/')).filter(({ body_base64 }) =>
    Buffer.from(body_base64, 'base64').toString().includes('grant_type=refresh_token'),
  );
  expect(refreshes.length).toBeGreaterThan(10);
  expect(refreshes.filter(({ status }) => status !== 200)).toEqual([]);
  const dynamoDb = new DynamoDBClient({ ...clientOf(extension), endpoint: extension.dynamoDbEndpoint });
  for (const company of companies) {
    const { Item } = await dynamoDb.send(
      new GetItemCommand({
        TableName: extension.resourceNames['INSTALLATIONS_TABLE'],
        Key: { pk: { S: `company#${company}` } },
      }),
    );
    expect(Item).toMatchObject({ status: { S: 'installed' }, token: expect.anything(), generation: { N: '1' } });
  }
  console.log(
    `Under load: ${JSON.stringify({ ...traffic.counts, deliveries: attempts.length, refreshes: refreshes.length, failures: 0 })}`,
  );
}, 240_000);
