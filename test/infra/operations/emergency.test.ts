import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser } from '../../flow/browser.ts';
import { PlatformControl } from '../../flow/platform-control.ts';
import { type LocalWorld, startWorld } from '../../start-world.ts';
import { runCommand } from '../local/fixture/run-command.ts';
import { temporaryDirectory } from '../local/fixture/start-fixture.ts';

const data = temporaryDirectory();
let running: LocalWorld;
let platform: PlatformControl;
beforeAll(async () => {
  running = await startWorld({ dataDir: data.path });
  platform = new PlatformControl(running.world);
});
afterAll(async () => {
  await running.close();
  data[Symbol.dispose]();
});

async function command(program: 'companies' | 'rotate' | 'webhooks', ...given: string[]) {
  await using started = runCommand(
    `infra/operations/${program}.ts`,
    { LOCAL_DATA_DIR: data.path, EXTENSION_CONFIG: 'test/extension/extension.config.ts' },
    [...given, '--local'],
  );
  const status = await started.exited;
  expect(started.output).not.toMatch(/ {4}at |CANARY/);
  return { status, output: started.output, stderr: started.stderr };
}

async function signIn(company: number, user = 'owner'): Promise<Browser> {
  const browser = new Browser(running.world);
  expect((await browser.signIn(company, user)).status).toBe(302);
  await running.extension.idle();
  return browser;
}

const sessionStatus = async (browser: Browser) => (await browser.copy().fetch('/api/session')).status;
const userIdOf = async (browser: Browser) => ((await browser.json('/api/session')) as { user: { id: string } }).user.id;
const codeOf = async (answer: Response) => ((await answer.json()) as { code: string }).code;

test('a person, and then a company, is signed out at once, and nobody else', async () => {
  const [owner, catalog, other] = [await signIn(61), await signIn(61, 'catalog'), await signIn(62)];
  const userId = await userIdOf(owner);
  expect(await command('companies', 'sign-out', '61', '--user', userId, '--yes')).toMatchObject({ status: 0 });
  expect([await sessionStatus(owner), await sessionStatus(catalog)]).toEqual([401, 200]);
  expect(await command('companies', 'sign-out', '61', '--yes')).toMatchObject({ status: 0 });
  expect([await sessionStatus(catalog), await sessionStatus(other)]).toEqual([401, 200]);
  expect(await sessionStatus(await signIn(61))).toBe(200);
  expect(await command('companies', 'sign-out', '999', '--yes')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/knows no company 999.*Nothing was done/),
  });
});

test('everybody is signed out by another key, and no cookie of before opens anything', async () => {
  const before = [await signIn(63), await signIn(64)];
  expect(await command('companies', 'sign-out', '--everybody', '--yes')).toMatchObject({ status: 0 });
  for (const browser of before) expect(await sessionStatus(browser)).toBe(401);
  expect(await sessionStatus(await signIn(63))).toBe(200);
});

test('offline tokens are dropped, of one company or of all, and the next launch grants them again', async () => {
  const [browser] = [await signIn(67), await signIn(68)];
  const show = async (company: string) => (await command('companies', 'show', company, '--json')).output;
  expect(await command('companies', 'drop-token', '67', '--yes')).toMatchObject({ status: 0 });
  expect(await show('67')).toMatch(/"status": "reauthorize"[^]*"hasToken": false/);
  expect(await show('68')).toMatch(/"hasToken": true/);
  expect(await sessionStatus(browser)).toBe(200);
  await signIn(67);
  expect(await show('67')).toMatch(/"status": "installed"[^]*"hasToken": true/);
  expect((await command('companies', 'drop-token', '--everybody', '--yes')).output).toMatch(
    /offline tokens were dropped/,
  );
  for (const company of ['67', '68']) expect(await show(company)).toMatch(/"hasToken": false/);
});

test('nothing is done without an answer, and what is mistyped is a sentence', async () => {
  for (const given of [
    ['block', '61'],
    ['sign-out', '--everybody'],
    ['drop-token', '--everybody', '61'],
    ['block', '--everybody'],
    ['block'],
  ]) {
    const { status, stderr } = await command('companies', ...given);
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^[^\n]+\n$/)]);
  }
});

test('a company that is blocked is refused, with its storefronts and its background work, until it is let in', async () => {
  const [blocked, other] = [await signIn(65), await signIn(66)];
  const product = `/service/platform/catalog/v2.0/company/65/products/${7_500_000 + 65_000}/`;
  const update = { event: 'company/product/update/v1', payload: { product: { uid: 7_500_000 + 65_000 } } };
  const application_id = await platform.applicationOf(65);
  await platform.event(65, { event: 'company/brand/update/v1', application_id });
  await expect.poll(() => platform.storefronts(), { timeout: 20_000 }).toHaveLength(1);
  expect(await command('webhooks', 'status', '65')).toMatchObject({ status: 0 });
  expect(await command('companies', 'block', '65', '--yes')).toMatchObject({
    status: 0,
    output: expect.stringContaining('npm run companies -- unblock 65 --local lets it in again.'),
  });
  const { output: listed } = await command('companies', 'list');
  expect(listed).toMatch(/^company 65 .*, blocked$/m);
  expect(listed).not.toMatch(/^company 66 .*blocked$/m);
  expect((await command('companies', 'show', '65')).output).toMatch(/^subscriber +\{"state":/m);
  await platform.forgetRequests();

  const answer = await blocked.fetch('/api/platform/catalog/v2.0/company/65/products/');
  expect([answer.status, await codeOf(answer)]).toEqual([403, 'access_denied']);
  expect(await sessionStatus(other)).toBe(200);
  const again = await new Browser(running.world).signIn(65);
  expect(again.status).toBe(403);
  const shopper = await platform.shopperCall(application_id, { path: '/ext/wishlist/1' });
  expect([shopper.status, (JSON.parse(shopper.body) as { code: string }).code]).toEqual([409, 'installation_required']);
  await platform.event(65, update);
  await running.extension.runSchedule('nightly');
  await running.extension.idle();
  expect(await platform.requests(product)).toEqual([]);
  expect((await platform.requests('/service/platform/')).filter(({ url }) => url.includes('/company/65/'))).toEqual([]);
  // Anybody may say that it uninstalled: its grant is asked, and works.
  await fetch(`${running.world.baseUrl}/fp/uninstall`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ company_id: 65, client_id: running.world.apiKey }),
  });

  expect(await command('companies', 'unblock', '65', '--yes')).toMatchObject({ status: 0 });
  expect(await sessionStatus(blocked)).toBe(200);
  await platform.event(65, update);
  await expect.poll(() => platform.requests(product), { timeout: 20_000 }).toHaveLength(1);
});
