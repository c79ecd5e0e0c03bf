import { describe, expect, test } from 'vitest';
import { filterPatternOf, insightsOf, isWanted, type LogQuery, logQueries } from '../../infra/log-queries.ts';
import { metrics } from '../../shared/metrics.ts';

const queries: [string, LogQuery][] = Object.entries(logQueries);

describe('a saved query', () => {
  test('is one condition for CloudWatch’s filters, for Logs Insights and for a line that was read', () => {
    const query = logQueries['platform-limits'];
    expect(filterPatternOf([query.anyOf])).toBe(
      '{ (($.Upstream429 = *) || ($.BudgetWaited = *) || ($.BudgetExhausted = *)) }',
    );
    expect(insightsOf(query)).toContain(
      '| filter ispresent(Upstream429) or ispresent(BudgetWaited) or ispresent(BudgetExhausted)\n',
    );
    expect(isWanted([query.anyOf], { BudgetWaited: 1 })).toBe(true);
    expect(isWanted([query.anyOf], { Upstream5xx: 1, BudgetWaited: null })).toBe(false);
  });

  test('compares texts and numbers as they are', () => {
    const slow = logQueries['slow-calls'].anyOf;
    expect(filterPatternOf([slow])).toBe('{ ($.duration_ms > 3000) }');
    expect([3_000, 3_001, '9000'].map((duration_ms) => isWanted([slow], { duration_ms }))).toEqual([
      false,
      true,
      false,
    ]);
    const failures = logQueries.failures.anyOf;
    expect(filterPatternOf([failures])).toBe('{ ($.level = "error") }');
    expect(insightsOf(logQueries.failures)).toContain('| filter level = "error"\n');
  });

  test('holds together with a company: all of what was asked for', () => {
    const wanted = [[{ field: 'company_id', is: '1' }], logQueries.failures.anyOf];
    expect(filterPatternOf(wanted)).toBe('{ ($.company_id = "1") && ($.level = "error") }');
    expect(isWanted(wanted, { company_id: '1', level: 'error' })).toBe(true);
    expect(isWanted(wanted, { company_id: '2', level: 'error' })).toBe(false);
    expect(filterPatternOf([])).toBeUndefined();
  });

  test('names metrics only that there are', () => {
    const named = queries
      .flatMap(([, { anyOf }]) => anyOf.map(({ field }) => field))
      .filter((field) => /^[A-Z]/.test(field));
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((field) => !(field in metrics))).toEqual([]);
  });
});
