import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTables, type TestTables } from '../../fixture/dynamodb.ts';
import type { Answer, Taken } from './ask.ts';
import { AskerProcess, type Company, gather, patient, startCompany } from './processes.ts';

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

async function company(settings?: Readonly<Record<string, unknown>>): Promise<Company> {
  const started = await startCompany(tables, settings);
  companies.push(started);
  return started;
}

const took = (steps: readonly (readonly Taken[])[], step: Taken['step']) =>
  steps.flat().filter((one) => one.step === step && (!('result' in one) || one.result));

/** Every one of 200 was given the same token, which the platform takes. */
function expectOneLiveToken(answers: readonly Answer[]): void {
  expect(answers).toHaveLength(200);
  const [first] = answers;
  expect(first).toMatchObject({ outcome: 'token', state: 'alive' });
  expect(answers.filter((answer) => JSON.stringify(answer) !== JSON.stringify(first))).toEqual([]);
}

describe.concurrent('200 askers in four processes', () => {
  test('cost one refresh, and none waits for longer than that and one poll', async () => {
    const one = await company();
    const gate = await one.gate('request');
    const questions = one.ask(askers, { instances: 10 });
    await Promise.all([gate.held(), ...questions.map(({ heard }) => heard('watching'))]);
    await gate.open();
    const { answers, steps } = await gather(questions);
    expectOneLiveToken(answers);
    expect(await one.refreshes()).toEqual([200]);
    expect(await one.row()).toEqual({ status: 'installed', version: 2, generation: 1 });
    expect(took(steps, 'takeLease')).toHaveLength(1);
    expect(took(steps, 'renew')).toHaveLength(1);
    expect(steps).toHaveLength(40);
    for (const own of steps) {
      const last = own.at(-1);
      // Whoever does not write the new token reads it once and goes; nobody waits but from one poll to the next.
      expect(last).toMatchObject(last?.step === 'find' ? { version: 2 } : { step: 'renew', result: true });
      expect(own.slice(0, -1).filter((each) => each.step === 'find' && each.version === 2)).toEqual([]);
      for (const [index, each] of own.entries()) {
        if (each.step !== 'wait') continue;
        expect(each.milliseconds).toBe(patient.pollMs);
        expect(own[index + 1]?.step).toBe('find');
      }
    }
  });

  test('cost one refresh where the platform is slow', async () => {
    const slow = await company();
    await slow.fail({ delay_ms: 1_500 });
    const { answers } = await gather(slow.ask(askers, {}));
    expectOneLiveToken(answers);
    expect(await slow.refreshes()).toEqual([200]);
  });

  test('cost one refresh where wall clocks are a minute apart', async () => {
    const skewed = await company();
    const clocks = [0, 60_000, -60_000, 30_000];
    const { answers, steps } = await gather(skewed.ask(askers, {}, (index) => ({ clockAheadMs: clocks[index] ?? 0 })));
    expectOneLiveToken(answers);
    expect(await skewed.refreshes()).toEqual([200]);
    expect(took(steps, 'takeLease')).toHaveLength(1);
  });

  test('are served by the second refresh where the platform fails at the first', async () => {
    const failing = await company();
    await failing.fail({ status: 500, body: 'CANARY-body' });
    const { answers, steps } = await gather(failing.ask(askers, {}));
    expectOneLiveToken(answers);
    expect(await failing.refreshes()).toEqual([500, 200]);
    expect(took(steps, 'giveLeaseBack')).toHaveLength(1);
  });

  test('wait for as long as a 429 says, and are then served by one refresh', async () => {
    const busy = await company();
    await busy.fail({ status: 429, headers: { 'retry-after': '3' } });
    const { answers, steps } = await gather(busy.ask(askers, {}));
    expectOneLiveToken(answers);
    expect(await busy.refreshes()).toEqual([429, 200]);
    const longest = took(steps, 'wait').map((one) => (one.step === 'wait' ? one.milliseconds : 0));
    expect(Math.max(...longest)).toBeGreaterThan(2 * 1000);
  });

  test('are told at once when to come again where a 429 asks for minutes', async () => {
    const busy = await company();
    await busy.fail({ status: 429, headers: { 'retry-after': '300' } }, 9);
    const { answers } = await gather(busy.ask(askers, {}));
    expect(answers).toHaveLength(200);
    for (const answer of answers) {
      expect(answer).toMatchObject({ outcome: 'refused', code: 'rate_limited' });
      expect(answer.outcome === 'refused' ? Number(answer.retryAfter) : 0).toBeGreaterThan(200);
    }
    expect(await busy.refreshes()).toEqual([429]);
  });

  test('are served for good by answers without refresh_token, expires_in and scope', async () => {
    const terse = await company({
      refresh: { mode: 'reuse' },
      omitOnRefresh: ['refresh_token', 'expires_in', 'scope'],
    });
    for (const version of [2, 3]) {
      const { answers } = await gather(terse.ask(askers, {}));
      expectOneLiveToken(answers);
      expect(await terse.row()).toEqual({ status: 'installed', version, generation: 1 });
      const { scopes, accessTokenExpiresAt } = (await tables.row(terse.companyId)) ?? {};
      expect(scopes?.L).toEqual([{ S: 'company/products' }, { S: 'company/orders' }]);
      expect(Number(accessTokenExpiresAt?.N) - Date.now() / 1000).toBeLessThanOrEqual(1_800);
      await terse.letExpire();
    }
    expect(await terse.refreshes()).toEqual([200, 200]);
  });

  test('are all refused after an uninstall in the middle, which the answer does not undo', async () => {
    const leaving = await company();
    const gate = await leaving.gate('answer');
    const questions = leaving.ask(askers, {});
    await gate.held();
    await leaving.uninstall();
    await gate.open();
    const { answers, steps } = await gather(questions);
    expect(answers).toHaveLength(200);
    for (const answer of answers) expect(answer).toMatchObject({ code: 'installation_required' });
    expect(await leaving.row()).toEqual({ status: 'uninstalled', version: 2, generation: 2 });
    expect((await tables.row(leaving.companyId))?.['token']).toBeUndefined();
    expect(took(steps, 'renew')).toEqual([]);
  });

  test('are given the token of a re-installation in the middle, which the answer does not overwrite', async () => {
    const returning = await company();
    const gate = await returning.gate('answer');
    const questions = returning.ask(askers, {});
    await gate.held();
    await returning.launch(true);
    const { token } = (await tables.row(returning.companyId)) ?? {};
    await gate.open();
    const { answers, steps } = await gather(questions);
    expectOneLiveToken(answers);
    expect(await returning.row()).toEqual({ status: 'installed', version: 2, generation: 2 });
    expect((await tables.row(returning.companyId))?.['token']).toEqual(token);
    expect(took(steps, 'renew')).toEqual([]);
    expect(steps.flat().filter(({ step }) => step === 'renew')).toHaveLength(1);
  });
});
