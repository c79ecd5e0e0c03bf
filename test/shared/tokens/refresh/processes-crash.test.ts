import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTables, type TestTables } from '../../fixture/dynamodb.ts';
import type { Answer, Ask } from './ask.ts';
import { AskerProcess, brief, type Company, gather, startCompany } from './processes.ts';

let tables: TestTables;
let askers: AskerProcess[];
const companies: Company[] = [];
beforeAll(async () => {
  tables = await startTables();
  askers = await Promise.all(Array.from({ length: 4 }, () => AskerProcess.start()));
});
afterAll(async () => {
  for (const asker of askers) asker.end();
  await Promise.all(companies.map((company) => company.close()));
  await tables.close();
});

async function company(mode: 'rotate' | 'single-use' | 'revoke-family'): Promise<Company> {
  const started = await startCompany(tables, { refresh: { mode } });
  companies.push(started);
  return started;
}

/** A fifth process takes the lease and stops there; then the others ask, and all four see its lease. */
async function stopTheRefresher(of: Company, holdAt: Ask['holdAt']) {
  const refresher = await AskerProcess.start();
  const [own] = of.ask([refresher], { holdAt, askers: 1, instances: 1, timing: brief });
  await own!.heard('held');
  const questions = of.ask(askers, { timing: brief });
  await Promise.all(questions.map(({ heard }) => heard('watching')));
  return { refresher, own: own!, questions };
}

function expectLive(answers: readonly Answer[], count = 200): void {
  expect(answers).toHaveLength(count);
  expect(answers.filter((answer) => answer.outcome !== 'token' || answer.state !== 'alive')).toEqual([]);
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
}

function expectReauthorize(answers: readonly Answer[]): void {
  expect(answers).toHaveLength(200);
  for (const answer of answers) expect(answer).toMatchObject({ outcome: 'refused', code: 'installation_required' });
}

describe.concurrent('200 askers in four processes', () => {
  test('are served by one refresh after the refresher was killed before its call', async () => {
    const one = await company('revoke-family');
    const { refresher, own, questions } = await stopTheRefresher(one, 'call');
    await refresher.kill();
    expect(await own.done).toBeUndefined();
    const { answers } = await gather(questions);
    expectLive(answers);
    expect(await one.refreshes()).toEqual([200]);
    expect(await one.row()).toEqual({ status: 'installed', version: 2, generation: 1 });
  });

  for (const mode of ['single-use', 'revoke-family'] as const) {
    test(`are told that somebody must open the extension where it was killed between answer and write (${mode})`, async () => {
      const one = await company(mode);
      const { refresher, questions } = await stopTheRefresher(one, 'renew');
      await refresher.kill();
      const { answers } = await gather(questions);
      expectReauthorize(answers);
      expect(await one.refreshes()).toEqual([200, 400]);
      expect(await one.row()).toEqual({ status: 'reauthorize', version: 1, generation: 1 });
    });
  }

  test('are served again as soon as somebody opened it, without another refresh', async () => {
    const one = await company('single-use');
    const { refresher, questions } = await stopTheRefresher(one, 'renew');
    await refresher.kill();
    expectReauthorize((await gather(questions)).answers);
    await one.launch();
    expect(await one.row()).toEqual({ status: 'installed', version: 2, generation: 2 });
    expectLive((await gather(one.ask(askers, { timing: brief }))).answers);
    expect(await one.refreshes()).toEqual([200, 400]);
    await one.letExpire();
    expectLive((await gather(one.ask(askers, { timing: brief }))).answers);
    expect(await one.refreshes()).toEqual([200, 400, 200]);
  });

  test('are served by what the refresher writes after its lease was over', async () => {
    const one = await company('single-use');
    const { refresher, own, questions } = await stopTheRefresher(one, 'renew');
    expectReauthorize((await gather(questions)).answers);
    refresher.release();
    expectLive((await gather([own])).answers, 1);
    expect(await one.row()).toEqual({ status: 'installed', version: 2, generation: 1 });
    expectLive((await gather(one.ask(askers, { timing: brief }))).answers);
    expect(await one.refreshes()).toEqual([200, 400]);
    refresher.end();
  });

  test('keep their newer token when the refresher writes after its lease was over', async () => {
    const one = await company('rotate');
    const { refresher, own, questions } = await stopTheRefresher(one, 'renew');
    const { answers } = await gather(questions);
    expectLive(answers);
    const { token } = (await tables.row(one.companyId)) ?? {};
    refresher.release();
    const late = await gather([own]);
    expect(late.answers).toEqual(answers.slice(0, 1));
    expect(late.steps.flat()).toContainEqual({ step: 'renew', result: false });
    expect((await tables.row(one.companyId))?.['token']).toEqual(token);
    expect(await one.row()).toEqual({ status: 'installed', version: 2, generation: 1 });
    expect(await one.refreshes()).toEqual([200, 200]);
    refresher.end();
  });

  test('are served after a lease where the platform never answers the first refresh', async () => {
    const one = await company('revoke-family');
    await one.fail({ silent: true });
    const { answers } = await gather(one.ask(askers, { timing: brief }));
    expectLive(answers);
    expect(await one.refreshes()).toEqual([0, 200]);
  });

  test('are told that somebody must open the extension where the platform’s answer is lost on its way', async () => {
    const one = await company('revoke-family');
    await one.fail({ hang_up: 'before', after_handling: true });
    expectReauthorize((await gather(one.ask(askers, { timing: brief }))).answers);
    expect(await one.row()).toEqual({ status: 'reauthorize', version: 1, generation: 1 });
  });
});
