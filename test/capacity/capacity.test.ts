import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sweepSchedule } from '../../shared/contract.ts';
import { startTables, type TestTables } from '../shared/fixture/dynamodb.ts';
import { atOnce, costOf, runOf } from './cost.ts';
import { actions, type Count, countActions } from './count.ts';
import { parseCounted, tableIn, tablesOf } from './document.ts';
import { countFixed } from './fixed.ts';
import { mumbai } from './prices.ts';
import { putCompanies, runThroughPages } from './run-schedules.ts';

const document = readFileSync('docs/capacity.md', 'utf8');
const written = parseCounted(tableIn(document, 'counted'));

describe('docs/capacity.md', () => {
  test('counts what this extension uses: npm run capacity -- --write writes it anew', async () => {
    const counted = await countActions();
    for (const action of actions) {
      const { localMs: _now, logBytes, ...now } = counted[action];
      const { localMs: _then, logBytes: writtenBytes, ...then } = written[action];
      expect({ action, ...now }).toEqual({ action, ...then });
      // Ids and durations have more or fewer digits.
      expect(Math.abs(logBytes - writtenBytes) / writtenBytes, action).toBeLessThan(0.15);
    }
  });

  for (const name of ['million', 'month', 'quotas', 'runs']) {
    test(`draws «${name}» from these counts, the template and test/capacity/prices.ts`, () => {
      expect(tableIn(document, name)).toBe(tablesOf(written, countFixed())[name]);
    });
  }
});

test('twice as much costs twice as much, of each service', () => {
  const once = written['an event'];
  const twice = Object.fromEntries(Object.entries(once).map(([name, value]) => [name, 2 * value])) as unknown as Count;
  const cost = costOf(once, mumbai);
  for (const [service, amount] of Object.entries(costOf(twice, mumbai))) {
    expect(amount, service).toBeCloseTo(2 * (cost[service] ?? 0), 12);
  }
  expect(atOnce(2_000, written)).toBeCloseTo(2 * atOnce(1_000, written), 9);
});

describe('a schedule over many companies', () => {
  let tables: TestTables;
  beforeAll(async () => {
    tables = await startTables();
  });
  afterAll(() => tables.close());

  test('sends one message for each, by as many pages and calls of DynamoDB as the document counts with', async () => {
    const companies = 1_700;
    await putCompanies(tables, 1, companies);
    const { pages, messages } = runOf(companies, 0, 1);
    const nightly = await runThroughPages(tables, 'nightly');
    expect(nightly).toMatchObject({ messages: companies, databaseCalls: nightly.pages });
    // A partition whose companies fill its last page has an empty one behind it; the document counts with one for each.
    expect(Math.abs(nightly.pages - pages)).toBeLessThanOrEqual(8);
    expect(companies + nightly.pages).toBeLessThanOrEqual(messages + 8);
    const swept = await runThroughPages(tables, sweepSchedule);
    expect(swept).toMatchObject({ messages: companies, pages: nightly.pages, databaseCalls: 2 * nightly.pages });
  });
});
