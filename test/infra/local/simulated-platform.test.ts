import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { chooseDataDirectory } from '../../../infra/local/host/choose-data-directory.ts';
import type { LogEntry } from '../../../infra/local/host/log-entry.ts';
import { platformCredentials, startSimulatedPlatform } from '../../../infra/local/simulated-platform.ts';
import { temporaryDirectory } from './fixture/start-fixture.ts';

const program = join(dirname(fileURLToPath(import.meta.url)), 'fixture', 'platform-stub.ts');
const start = (baseUrl: string, log: LogEntry[] = []) =>
  startSimulatedPlatform({
    apiKey: 'CANARY-key',
    apiSecret: 'CANARY-secret',
    port: 3999,
    baseUrl,
    stateFile: '',
    unlisted: [],
    program,
    log: (entry) => void log.push(entry),
    signal: new AbortController().signal,
  });

test('it is there when it says so, and gone when it was closed', async () => {
  const platform = await start('http://localhost:3');
  expect(platform.url).toBe('http://127.0.0.1:3999');
  await platform.close();
  expect(await platform.ended).toMatch(/^The simulated platform ended/);
});

test('that it ended by itself is a sentence, before it served and after', async () => {
  await expect(start('http://localhost:1')).rejects.toThrow('The simulated platform ended (status 4).');
  const { ended } = await start('http://localhost:2');
  expect(await ended).toBe('The simulated platform ended (status 5).');
});

test('its key and secret are made once, for their owner alone', () => {
  using folder = temporaryDirectory();
  const first = platformCredentials(folder.path);
  expect(platformCredentials(folder.path)).toEqual(first);
  expect(first.apiKey).toMatch(/^[0-9a-f]{24}$/);
  expect(statSync(join(folder.path, 'simulated-platform.json')).mode & 0o777).toBe(0o600);
});

test('a second run without a folder of its own gets one beside the first, named for its port', async () => {
  using folder = temporaryDirectory();
  const first = await chooseDataDirectory(undefined, folder.path, 3001);
  expect(first).toMatchObject({ path: folder.path });
  expect(first).not.toHaveProperty('besides');
  const second = await chooseDataDirectory(undefined, folder.path, 3011);
  expect(second).toMatchObject({ path: join(folder.path, 'port-3011'), besides: folder.path });
  await expect(chooseDataDirectory(folder.path, 'unused', 3011)).rejects.toThrow(/in use .*LOCAL_DATA_DIR/);
  first.close();
  const third = await chooseDataDirectory(folder.path, 'unused', 3001);
  expect(third.path).toBe(folder.path);
  second.close();
  third.close();
});
