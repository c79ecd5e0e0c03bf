import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Browser } from '../../flow/browser.ts';
import { PlatformControl } from '../../flow/platform-control.ts';
import { type LocalWorld, startWorld } from '../../start-world.ts';
import { runCommand } from './fixture/run-command.ts';
import { temporaryDirectory } from './fixture/start-fixture.ts';

let data: ReturnType<typeof temporaryDirectory>;
let running: LocalWorld;
let control: PlatformControl;
let application: string;
beforeAll(async () => {
  data = temporaryDirectory();
  running = await startWorld({ dataDir: data.path });
  control = new PlatformControl(running.world);
  await new Browser(running.world).signIn(1);
  application = await control.applicationOf(1);
  await running.extension.idle();
}, 60_000);
afterAll(async () => {
  await running.close();
  data[Symbol.dispose]();
});

/** Of the tests’ extension, whatever the author’s is. */
const EXTENSION_CONFIG = 'test/extension/extension.config.ts';

async function storefront(...given: string[]) {
  const environment = { EXTENSION_CONFIG, LOCAL_DATA_DIR: data.path };
  await using command = runCommand('infra/operations/storefront.ts', environment, [...given, '--local']);
  const status = await command.exited;
  return { status, output: command.output, stderr: command.stderr };
}
const attached = async () => (await control.storefronts()).filter((one) => one.application_id === application).length;

describe('npm run storefront', () => {
  test('has the worker register a path, again without harm, and remove it', async () => {
    for (let time = 0; time < 2; time++) {
      expect(await storefront('register', '1', application, 'wishlist')).toMatchObject({
        status: 0,
        output: expect.stringContaining('was asked to register /ext/wishlist'),
      });
      await running.extension.idle();
      await expect.poll(attached, { timeout: 20_000 }).toBe(1);
    }
    expect((await control.shopperCall(application, { path: '/ext/wishlist/7' })).status).toBe(200);
    const removed = await storefront('remove', '1', application, 'wishlist', '--json');
    expect(JSON.parse(removed.output)).toEqual({ task: 'remove', company: '1', application, path: 'wishlist' });
    await expect.poll(attached, { timeout: 20_000 }).toBe(0);
  });

  test.each([
    ['no task', [], /^Say register or remove\./],
    ['what is no company', ['register', '01', 'a', 'wishlist'], /^COMPANY must be/],
    ['what is no sales channel', ['register', '1', 'a', 'wishlist'], /^APPLICATION must be/],
    ['what is no segment', ['register', '1', '65a000000000000000000001', 'a/b'], /^PATH must be/],
  ])('with %s says so, with status 1', async (_what, given, sentence) => {
    const { status, stderr } = await storefront(...given);
    expect(status).toBe(1);
    expect(stderr).toMatch(sentence);
  });
});
