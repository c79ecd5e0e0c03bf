import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import type { Browser } from '../flow/browser.ts';
import type { Drill, Loss } from './drill.ts';

const companiesCommand = 'infra/operations/companies.ts';

/** As point-in-time recovery does it: what the table held then, in a table of its own. */
async function backUp(drill: Drill, name: string): Promise<void> {
  await drill.dynamoDb.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    }),
  );
  for (const item of await drill.rows()) await drill.put(name, item);
}

/** Every row of the table, or of these companies. */
async function loseRows(drill: Drill, companies?: readonly number[]): Promise<void> {
  const lost = companies?.map((company) => `company#${company}`);
  for (const { pk } of await drill.rows()) {
    if (lost !== undefined && !lost.includes(pk)) continue;
    await drill.documents.send(new DeleteCommand({ TableName: drill.resource('INSTALLATIONS_TABLE'), Key: { pk } }));
  }
}

async function uninstall(drill: Drill, company: number): Promise<void> {
  await drill.control.uninstall(company, { signed: 'webhook' });
  await drill.extension.idle();
  equal((await drill.row(company))?.['status'], 'uninstalled');
}

/** Uses its refresh token. */
async function rotate(drill: Drill, company: number): Promise<void> {
  const before = await drill.refreshes(company);
  await drill.control.expireTokens({ company_id: String(company), access_mode: 'offline' });
  ok(await drill.handlesEvent(company));
  equal(await drill.refreshes(company), before + 1);
}

const works = async (drill: Drill, company: number) => {
  equal((await drill.row(company))?.['status'], 'installed', `company ${company}`);
  ok(await drill.handlesEvent(company), `company ${company} handles no event`);
};

/** Its next launch asks for the grant again, and until then nothing is made of it. */
async function launchMends(drill: Drill, company: number): Promise<void> {
  const { status, token, generation } = { ...(await drill.row(company)) };
  deepEqual([status, token], ['reauthorize', undefined]);
  ok(!(await drill.handlesEvent(company)));
  // Somebody says that it uninstalled: without a grant to ask with, that proves nothing.
  const told = drill.told('uninstalled', company);
  await drill.control.uninstall(company, { notify_only: true, signed: 'none' });
  await drill.extension.idle();
  deepEqual([(await drill.row(company))?.['status'], drill.told('uninstalled', company)], ['reauthorize', told]);
  await drill.launch(company);
  equal((await drill.row(company))?.['generation'], Number(generation) + 1);
  await works(drill, company);
}

const isOver = async (drill: Drill, browser: Browser, company: number) =>
  deepEqual(await drill.seenBy(browser, company), [302, 401, 401]);

export const installations: Loss = {
  name: 'installations',
  lost: 'Rows of Installations, and a backup of an hour ago is there',
  seen: 'Everybody of a lost company signs in again, without noticing. Who opens the extension installs it again; a person who lacks permissions is told which (403). Its background work stands still.',
  mends:
    'Each launch by a person with all permissions mends its company. What was installed within the hour comes back in no other way.',
  run: '`npm run companies -- restore --from-table …`, then with `--write`; then the sweep.',
  async drill(drill) {
    for (const mode of drill.isWhole ? modes : (['single-use'] as const)) await restoreAll(drill, mode);
    await interrupted(drill);
    await mistakes(drill);
  },
};

/** What becomes of a refresh token that is used: nobody knows what the real platform does. */
const modes = ['reuse', 'single-use', 'revoke-family'] as const;

async function restoreAll(drill: Drill, mode: (typeof modes)[number]): Promise<void> {
  await drill.control.set({ refresh: { mode } });
  const steady = drill.newCompanies();
  const [rotated, gone, before, again, newcomer, reinstalled] = Array.from({ length: 6 }, () => drill.newCompany()) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const cookies = new Map<number, Browser>();
  for (const company of [...steady, rotated, gone, before, again, reinstalled]) {
    cookies.set(company, await drill.launch(company));
  }
  const cookie = (company: number) => cookies.get(company) as Browser;
  await uninstall(drill, before);
  const backup = `installations-${mode}`;
  await backUp(drill, backup);

  await rotate(drill, rotated);
  await uninstall(drill, gone);
  await uninstall(drill, again);
  const twice = await drill.launch(again, 'owner', { install_event: 'true' });
  const [newest] = [await drill.launch(newcomer)];
  const damaged = steady[0] as number;
  const damagedRow = (await drill.row(damaged)) as { pk: string };
  await loseRows(drill);
  await drill.put(drill.resource('INSTALLATIONS_TABLE'), { pk: damagedRow.pk, status: 'instaled' });

  for (const company of [steady[1] as number, newcomer]) {
    await isOver(drill, cookie(company) ?? newest, company);
    ok(!(await drill.handlesEvent(company)));
  }
  // Somebody who lacks permissions cannot install.
  const answer = await cookie(rotated).copy().signIn(rotated, 'catalog');
  equal(answer.status, 403);
  const there = await drill.launch(reinstalled);
  const kept = await drill.row(reinstalled);
  const refreshed = await drill.refreshes(reinstalled);

  const empty = await drill.rows();
  const dry = await drill.command(companiesCommand, ['restore', '--from-table', backup, '--local']);
  match(dry, /would be restored[\s\S]*Nothing was written: add --write/);
  deepEqual(await drill.rows(), empty);
  const companies = await restoreFrom(drill, backup);
  const resultOf = (company: number) => companies.find(({ id }) => id === String(company))?.result;

  for (const company of steady) {
    equal(resultOf(company), 'works');
    await isOver(drill, cookie(company), company);
    await works(drill, company);
    equal(drill.told('installed', company), 1);
    deepEqual(await drill.seenBy(await drill.launch(company), company), [200, 200, 200]);
  }
  equal(resultOf(rotated), mode === 'reuse' ? 'works' : 'launch');
  if (mode === 'reuse') await works(drill, rotated);
  else await launchMends(drill, rotated);

  // It is installed at neither end, and nothing is made of it: no work, no session, no second word to the hook.
  equal(resultOf(gone), 'launch');
  await isOver(drill, cookie(gone), gone);
  const runs = drill.lines().filter((line) => line['message'] === 'hourly').length;
  await drill.extension.runSchedule('hourly');
  await drill.extension.idle();
  const ran = drill
    .lines()
    .filter((line) => line['message'] === 'hourly')
    .slice(runs)
    .map((line) => line['company_id']);
  ok(ran.includes(String(steady[0])) && !ran.includes(String(gone)));
  equal(drill.told('uninstalled', gone), 1);

  equal(resultOf(before), 'over');
  equal((await drill.row(before))?.['status'], 'uninstalled');
  equal(resultOf(newcomer), undefined);
  await drill.launch(newcomer);
  await works(drill, newcomer);

  equal(resultOf(reinstalled), 'kept');
  deepEqual(await drill.row(reinstalled), kept);
  equal(await drill.refreshes(reinstalled), refreshed);
  deepEqual(await drill.seenBy(there, reinstalled), [200, 200, 200]);
  await works(drill, reinstalled);

  await isOver(drill, cookie(again), again);
  await isOver(drill, twice, again);
  // Its first installation ended, and its second is lost: neither’s cookie opens the third.
  const third = await drill.launch(again, 'owner', { install_event: 'true' });
  deepEqual(await drill.seenBy(third, again), [200, 200, 200]);
  for (const old of [cookie(again), twice]) await isOver(drill, old, again);

  const after = await drill.rows();
  ok((await restoreFrom(drill, backup)).every(({ result }) => result === 'kept'));
  deepEqual(await drill.rows(), after);
}

/** Brings every row of the backup back, as the operator does, and tells what became of each. */
async function restoreFrom(drill: Drill, backup: string): Promise<{ id: string; result: string }[]> {
  const restore = ['restore', '--from-table', backup, '--write', '--local', '--json'];
  return (JSON.parse(await drill.command(companiesCommand, restore)) as { companies: { id: string; result: string }[] })
    .companies;
}

/** Killed while the platform answers: what it gave is lost, and the next launch mends it. */
async function interrupted(drill: Drill): Promise<void> {
  await drill.control.set({ refresh: { mode: 'single-use' } });
  const company = drill.newCompany();
  await drill.launch(company);
  await backUp(drill, 'installations-interrupted');
  await loseRows(drill, [company]);
  const path = `/service/panel/authentication/v1.0/company/${company}/oauth/token`;
  const gate = await drill.control.gate({ path }, 'answer');
  const given = ['restore', String(company), '--from-table', 'installations-interrupted', '--write', '--local'];
  await using command = drill.begin(companiesCommand, given);
  await gate.held(1);
  command.kill('SIGKILL');
  await command.exited;
  await gate.open();
  match(await drill.command(companiesCommand, given), /1 kept/);
  await launchMends(drill, company);
}

/** Bad input is one sentence, and nothing is written. */
async function mistakes(drill: Drill): Promise<void> {
  const rows = await drill.rows();
  const own = drill.resource('INSTALLATIONS_TABLE');
  for (const [given, sentence] of [
    [['restore'], /--from-table names what is restored from/],
    [['list', '--from-table', 'x'], /--from-table names what is restored from/],
    [['restore', '--from-table', own], /is the table itself/],
    [['restore', '--from-table', 'nobody-made-it'], /There is no table nobody-made-it yet/],
    [['restore', '--from-table', drill.resource('USER_CACHE_TABLE')], /is no table of installations/],
    [['restore', 'one', '--from-table', 'installations-interrupted'], /1 to 18 digits/],
  ] as const) {
    match(await drill.command(companiesCommand, [...given, '--write', '--local'], 1), sentence);
  }
  deepEqual(await drill.rows(), rows);
}
