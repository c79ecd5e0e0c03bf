import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser } from '../../flow/browser.ts';
import { type LocalWorld, startWorld } from '../../start-world.ts';
import { clientOf } from '../local/fixture/queues.ts';
import { runCommand } from '../local/fixture/run-command.ts';
import { temporaryDirectory } from '../local/fixture/start-fixture.ts';

const data = temporaryDirectory();
let running: LocalWorld;
beforeAll(async () => {
  running = await startWorld({ dataDir: data.path });
});
afterAll(async () => {
  await running.close();
  data[Symbol.dispose]();
});

async function rotate(given: string[], environment: Record<string, string> = {}) {
  await using command = runCommand(
    'infra/operations/rotate.ts',
    { LOCAL_DATA_DIR: data.path, EXTENSION_CONFIG: 'test/extension/extension.config.ts', ...environment },
    [...given, '--local'],
  );
  const status = await command.exited;
  expect(command.output).not.toMatch(/ {4}at |CANARY/);
  return { status, output: command.output, stderr: command.stderr };
}

const issueSecret = (apiSecret: string) =>
  fetch(`${running.platform.origin}/__control/api-secret`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ api_secret: apiSecret }),
  });

test('all keys are told of, and what comes next', async () => {
  const { status, output } = await rotate([]);
  expect([status, output.match(/^[\w-]+(?=: one value counts)/gm)]).toEqual([
    0,
    ['session', 'token', 'webhook', 'api-secret'],
  ]);
  expect(output).toContain('npm run rotate -- session begin --local\n');
});

test('an API secret is stored once the platform accepts it, counts at once, and the one before for a day', async () => {
  expect((await issueSecret('CANARY-second-secret')).status).toBe(200);
  const wrong = await rotate(['api-secret', 'begin'], { EXTENSION_API_SECRET: 'CANARY-wrong-secret' });
  expect([wrong.status, wrong.stderr]).toEqual([
    1,
    expect.stringMatching(/does not accept .* Nothing was stored\.\n$/),
  ]);
  const none = await rotate(['api-secret', 'begin']);
  expect([none.status, none.stderr]).toEqual([
    1,
    expect.stringMatching(/^Nothing was stored: set EXTENSION_API_SECRET/),
  ]);

  const stored = await rotate(['api-secret', 'begin'], { EXTENSION_API_SECRET: 'CANARY-second-secret' });
  expect([stored.status, stored.output]).toEqual([0, expect.stringMatching(/in use since .*\n.*in 24 hours/)]);
  expect((await new Browser(running.world).signIn(81)).status).toBe(302);
  expect(await rotate(['api-secret', 'next'])).toMatchObject({ status: 2 });
  expect(await rotate(['api-secret', 'next', '--leaked'])).toMatchObject({
    status: 0,
    output: expect.stringMatching(/counts no more[^]*one value counts/),
  });
});

test('a rotation is gone back on, before and after the next value is in use, and nobody is signed out', async () => {
  const before = new Browser(running.world);
  await before.signIn(82);
  const status = async (browser: Browser) => (await browser.copy().fetch('/api/session')).status;
  expect(await rotate(['session', 'abort'])).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/nothing to go back to/),
  });
  expect(await rotate(['session', 'next'])).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/session begin/),
  });

  await rotate(['session', 'begin']);
  expect((await rotate(['session', 'abort'])).output).toMatch(/dropped[^]*one value counts/);
  await rotate(['session', 'begin']);
  expect((await rotate(['session', 'next'])).output).toMatch(/in use since/);
  const between = new Browser(running.world);
  await between.signIn(82);
  expect((await rotate(['session', 'abort'])).output).toMatch(/before is in use again/);
  expect([await status(before), await status(between)]).toEqual([200, 200]);
  // A third value would strand what one of the two has sealed.
  expect(await rotate(['session', 'begin'])).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/not finished/),
  });
});

test('what is mistyped is one sentence, which repeats nothing', async () => {
  for (const given of [
    ['sessions'],
    ['session', 'CANARY-value'],
    ['session', 'begin', 'CANARY-value'],
    ['edge', 'begin'],
  ]) {
    const { status, stderr } = await rotate(given);
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^[^\n]+\n$/)]);
  }
});

test('a value that makes no key is told of, ended, and never gone back to', async () => {
  const { extension } = running;
  const client = new SecretsManagerClient({ ...clientOf(extension), endpoint: extension.secretsEndpoint });
  const SecretId = extension.resourceNames['TOKEN_KEY_SECRET_ID'];
  const put = (SecretString: string) => client.send(new PutSecretValueCommand({ SecretId, SecretString }));
  await put('CANARY-short');
  await put('CANARY-long-enough-0123456789abcdefghij');
  expect(await rotate(['token'])).toMatchObject({ status: 0, output: expect.stringMatching(/in use since/) });
  expect(await rotate(['token', 'abort'])).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/fewer than 32 characters.*nothing was done/),
  });
  expect((await rotate(['token', 'next'])).output).toMatch(/finished/);
  client.destroy();
});
