import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sweepSchedule } from '../../../shared/contract.ts';
import { Browser } from '../../flow/browser.ts';
import { PlatformControl } from '../../flow/platform-control.ts';
import { dataPoints, totals } from '../../metrics/data-points.ts';
import { type LocalWorld, startWorld } from '../../start-world.ts';
import { runCommand } from './fixture/run-command.ts';
import { temporaryDirectory } from './fixture/start-fixture.ts';

const key = 'company/product/update/v1';
const uid = 7_501_000;
let data: ReturnType<typeof temporaryDirectory>;
let running: LocalWorld;
let control: PlatformControl;
beforeAll(async () => {
  data = temporaryDirectory();
  running = await startWorld({ dataDir: data.path });
  control = new PlatformControl(running.world);
  for (const company of [1, 2]) await new Browser(running.world).signIn(company);
  await running.extension.idle();
}, 60_000);
afterAll(async () => {
  await running.close();
  data[Symbol.dispose]();
});

/** Of the tests’ extension, whatever the author’s is. */
const EXTENSION_CONFIG = 'test/extension/extension.config.ts';

async function webhooks(...given: string[]) {
  await using command = runCommand('infra/operations/webhooks.ts', { EXTENSION_CONFIG, LOCAL_DATA_DIR: data.path }, [
    ...given,
    '--local',
  ]);
  const status = await command.exited;
  return { status, output: command.output, stderr: command.stderr };
}
const statusOf = async (company: number) => (await control.subscribers(company))[0]?.['status'];
/** What the sample's handler does with an event. */
const handled = async () =>
  (await control.requests(`/service/platform/catalog/v2.0/company/1/products/${uid}/`)).length;

describe('npm run webhooks', () => {
  test('says how the subscribers are, brings back what was blocked, and what was held back is handled', async () => {
    expect(await webhooks('status')).toEqual({ status: 0, stderr: '', output: '1  active\n2  active\n' });
    await control.block(1);
    await control.event(1, { event: key, payload: { product: { uid } } });
    const blocked = await webhooks('status', '--json');
    expect(blocked.status).toBe(2);
    expect(JSON.parse(blocked.output)).toMatchObject([
      { company: '1', state: 'blocked', seenAtMs: expect.any(Number) },
      { company: '2', state: 'active' },
    ]);
    expect(await handled()).toBe(0);
    expect(await webhooks('activate', '1')).toMatchObject({ status: 0, output: '1  active\n' });
    expect(await statusOf(1)).toBe('active');
    await expect.poll(handled, { timeout: 20_000 }).toBe(1);
  });

  test('registers again what is active, where it is told to', async () => {
    await control.forgetRequests();
    expect(await webhooks('resync', '2')).toMatchObject({ status: 0 });
    expect(await control.requests('/service/platform/webhook/v3.0/company/2/')).toHaveLength(1);
    expect(await control.requests('/service/platform/webhook/v3.0/company/1/')).toEqual([]);
  });

  test('repeats why the platform refused, and says who is not installed', async () => {
    await control.fault({ path: '/service/platform/webhook/v3.0/company/1/subscriber' }, { status: 403, body: '{}' });
    const { status, output } = await webhooks('resync', '1', '77');
    await control.clearFaults();
    expect(status).toBe(2);
    expect(output).toMatch(/^ 1 {2}The platform refused the registration of webhooks \(403\)\.$/m);
    expect(output).toMatch(/^77 {2}not installed/m);
  });

  for (const [what, given, sentence] of [
    ['no task', [], /^Say status, activate or resync\./],
    ['another task', ['delete'], /^Say status, activate or resync\./],
    ['what is no company', ['status', '01'], /^"01" is no company id: 1 to 18 digits\.$/m],
    ['an unknown option', ['status', '--all'], /^There is no option --all\./],
  ] as const) {
    test(`with ${what} says how it is called, with status 1`, async () => {
      const { status, stderr } = await webhooks(...given);
      expect(status).toBe(1);
      expect(stderr).toMatch(sentence);
      expect(stderr).not.toMatch(/ {4}at /);
    });
  }

  test('without an extension that runs says so, and with --help how it is called', async () => {
    using empty = temporaryDirectory();
    await using command = runCommand('infra/operations/webhooks.ts', { EXTENSION_CONFIG, LOCAL_DATA_DIR: empty.path }, [
      'status',
      '--local',
    ]);
    expect(await command.exited).toBe(1);
    expect(command.stderr).toMatch(/^No local extension runs .*npm start\.\n$/);
    expect(await webhooks('--help')).toMatchObject({ status: 0, stderr: '' });
  });
});

test('a sweep that finds a subscriber blocked makes its line of the log a data point', async () => {
  await control.block(2);
  await running.extension.runSchedule(sweepSchedule);
  await running.extension.idle();
  const line = running.extension.logs().find((text) => text.includes('"BlockedSubscribers":1')) ?? '{}';
  const entry = JSON.parse(line.slice(line.indexOf('{'))) as Record<string, unknown>;
  expect(entry).toMatchObject({ level: 'error', kind: 'subscriber', company_id: '2', outcome: 'blocked' });
  expect(dataPoints([line])).toContainEqual({
    Namespace: 'FyndExtension',
    MetricName: 'BlockedSubscribers',
    Dimensions: [{ Name: 'Stack', Value: 'test-lens' }],
    Unit: 'Count',
    Timestamp: expect.any(Date),
    Value: 1,
  });
  // And whatever else was logged keeps to the format.
  expect(totals(running.extension.logs())).toMatchObject({ InstallsFirst: 2, SignIns: 2, BlockedSubscribers: 1 });
  expect(await statusOf(2)).toBe('blocked');
});
