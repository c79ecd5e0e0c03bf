import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Browser } from '../../flow/browser.ts';
import { startWorld } from '../../start-world.ts';

const canary = 'CANARY-slack "url" with quotes';

let dataDir: string;
let running: Awaited<ReturnType<typeof startWorld>>;
let browser: Browser;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'own-settings-'));
  vi.stubEnv('SLACK_URL', canary);
  vi.stubEnv('LOW_STOCK', '7');
  running = await startWorld({ dataDir, configFile: 'test/infra/local/own-settings.extension.config.ts' });
  browser = new Browser(running.world);
  await browser.signIn(1);
});
afterAll(async () => {
  await running.close();
  await rm(dataDir, { recursive: true, force: true });
});

const digest = createHash('sha256').update(canary).digest('hex');

test('a handler reads its settings, and the secret that it was granted, from the environment of this machine', async () => {
  expect(await browser.json('/api/granted')).toEqual({ settings: [7, 'hello', false], digest, versions: 1 });
});

test('a secret is in no log, though its handler writes it there, and in no file', async () => {
  await browser.json('/api/granted');
  const logs = running.extension.logs().join('\n');
  expect(logs).toContain('my secret is [secret]');
  expect(logs).not.toContain('CANARY-slack');
  expect(await readFile(join(dataDir, 'secrets.json'), 'utf8')).not.toContain('CANARY-slack');
});

test('a secret that the function was not granted is a sentence for its author, and none for who asks', async () => {
  const problem = await browser.json('/api/not-granted');
  expect(problem).toMatchObject({ status: 500, code: 'internal' });
  expect(JSON.stringify(problem)).not.toContain('slackUrl');
  expect(running.extension.logs().join('\n')).toContain(
    'This function was not granted the secret slackUrl: name the file of its handler in secrets.slackUrl.for',
  );
});

test('a secret that nobody has stored is a sentence when it is read, and one when the extension starts', async () => {
  expect(await browser.json('/api/granted?of=notStored')).toMatchObject({ status: 500 });
  const logs = running.extension.logs().join('\n');
  expect(logs).toContain('The secret notStored has no value yet: store it with npm run configure');
  expect(logs).toContain('The secret NOT_STORED has no value: put NOT_STORED=… into .env.');
  // The others are read on.
  expect(await browser.json('/api/granted')).toMatchObject({ digest });
});
