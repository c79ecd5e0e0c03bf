import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPlatform } from '../../../infra/simulated-platform/platform.ts';
import { PlatformControl } from '../../flow/platform-control.ts';
import { type LocalWorld, startWorld } from '../../start-world.ts';
import { runCommand } from '../local/fixture/run-command.ts';

const apiKey = '000000000000000000c0ffee';
const dataDir = mkdtempSync(join(tmpdir(), 'doctor-'));
let local: LocalWorld;

beforeAll(async () => {
  const scopes = ['company/products'];
  const registered = { apiKey, apiSecret: 'CANARY-api-secret', baseUrl: 'https://old.example', scopes };
  local = await startWorld({ dataDir, platform: await startPlatform({ extension: registered }) });
});
afterAll(async () => {
  await local.close();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Runs a command about the extension that runs on this machine, and checks that it shows no secret. */
async function run(command: string, args: readonly string[] = ['--local'], directory = dataDir) {
  const environment = { LOCAL_DATA_DIR: directory, EXTENSION_CONFIG: 'test/extension/extension.config.ts' };
  await using running = runCommand(`infra/operations/${command}.ts`, environment, args);
  const status = await running.exited;
  expect(running.output).not.toMatch(/CANARY| {4}at /);
  return { status, stdout: running.output.replace(running.stderr, ''), stderr: running.stderr };
}

async function findings() {
  const { status, stdout } = await run('doctor', ['--local', '--json']);
  const { findings: found } = JSON.parse(stdout) as { findings: { name: string; result: string; remedy?: string }[] };
  return { status, found: Object.fromEntries(found.map(({ name, result, remedy }) => [name, remedy ?? result])) };
}

const well = {
  'key and secret': 'ok',
  clock: 'ok',
  health: 'ok',
  callback: 'ok',
  page: 'ok',
  routes: 'ok',
  paths: 'ok',
  tables: 'ok',
  'dead letters': 'ok',
  events: 'ok',
  subscribers: 'ok',
};

test('what the panel lacks is found with what to do about it; all else is well', async () => {
  expect(await findings()).toEqual({
    status: 1,
    found: {
      ...well,
      scopes: expect.stringMatching(/partner panel/),
      'base URL': expect.stringMatching(/npm run base-url/),
    },
  });
  const { stdout } = await run('doctor');
  expect(stdout).toMatch(/wrong +scopes +the partner panel does not allow company\/orders\n +→ add them/);
  expect(stdout).toMatch(/2 things are wrong\.\n$/);
});

test('the base URL is registered once that is agreed to, with the old one shown first', async () => {
  const unasked = await run('base-url');
  expect([unasked.status, unasked.stderr]).toEqual([
    1,
    expect.stringMatching(/^Nothing was changed: .* say --yes\.\n$/),
  ]);
  expect((await findings()).found['base URL']).toMatch(/base-url/);
  const { status, stdout } = await run('base-url', ['--local', '--yes']);
  expect([status, stdout.split('\n')[0]]).toEqual([
    0,
    expect.stringMatching(/^The platform at .* now\. Before: https:\/\/old\.example\.$/),
  ]);
  expect((await findings()).found['base URL']).toBe('ok');
  expect((await run('base-url')).stdout).toMatch(/has the base URL http:\/\/localhost:\d+ already\.\n$/);
});

test('a clock that differs, and a platform that refuses the key, are findings', async () => {
  const control = new PlatformControl(local.world);
  await control.set({ clockSkewSeconds: 600 });
  expect((await findings()).found['clock']).toMatch(/clock of this machine/);
  await control.set({ clockSkewSeconds: 0 });
  await control.fault(
    { path: '/service/panel/partners/v1.0/extensions/details/000000000000000000c0ffee' },
    { status: 401, body: '{}' },
    1,
  );
  expect((await findings()).found).toMatchObject({
    'key and secret': expect.stringMatching(/configure/),
    scopes: 'unknown',
    'base URL': 'unknown',
    health: 'ok',
  });
});

test('an extension that does not run, and an option that there is not, are sentences', async () => {
  const stopped = await run('doctor', ['--local'], join(dataDir, 'none'));
  expect([stopped.status, stopped.stderr]).toEqual([1, expect.stringMatching(/^No local extension runs/)]);
  expect((await run('doctor', ['--all'])).stderr).toBe(
    'There is no option --all. npm run doctor -- --help tells what there is.\n',
  );
});
