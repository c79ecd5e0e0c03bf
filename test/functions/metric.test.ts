import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { count, takeMetrics } from '../../functions/runtime/metric.ts';
import { environment } from '../../shared/contract.ts';
import { type MetricName, metrics } from '../../shared/metrics.ts';
import { problems } from '../../shared/problems.ts';
import { dataPoints, totals } from '../metrics/data-points.ts';

beforeEach(() => {
  takeMetrics();
  vi.stubEnv(environment.stackName, 'test-lens');
});
afterEach(() => void vi.unstubAllEnvs());

const taken = () => dataPoints([JSON.stringify({ time: 'now', ...takeMetrics() })]);

describe('what was counted', () => {
  test('is in one line, once, under the stack’s name', () => {
    count('CacheHits');
    count('CacheHits');
    count('ScopesBeyondPanel', 3);
    const Dimensions = [{ Name: 'Stack', Value: 'test-lens' }];
    const common = { Namespace: 'FyndExtension', Dimensions, Unit: 'Count', Timestamp: expect.any(Date) };
    expect(taken()).toEqual([
      { ...common, MetricName: 'CacheHits', Value: 2 },
      { ...common, MetricName: 'ScopesBeyondPanel', Value: 3 },
    ]);
    expect(takeMetrics()).toBeUndefined();
    for (const ms of [5, 9]) count('WorkWaitMs', ms);
    count('CacheHits', 4);
    expect(totals([JSON.stringify(takeMetrics())])).toEqual({ WorkWaitMs: 2, CacheHits: 4 });
  });

  test('has each time that was measured, and a hundred of them at most', () => {
    count('UpstreamMs', 12);
    count('UpstreamMs', 7);
    expect(taken()).toMatchObject([
      { MetricName: 'UpstreamMs', Unit: 'Milliseconds', Value: 12 },
      { MetricName: 'UpstreamMs', Unit: 'Milliseconds', Value: 7 },
    ]);
    for (let call = 0; call < 150; call++) count('UpstreamMs', call);
    expect(taken()).toHaveLength(100);
  });

  test('is nobody’s outside of a stack, and is not kept for later', () => {
    vi.stubEnv(environment.stackName, '');
    count('SignIns');
    expect(takeMetrics()).toBeUndefined();
    vi.stubEnv(environment.stackName, 'test-lens');
    expect(takeMetrics()).toBeUndefined();
  });

  test('may be all that there is, and keeps to the format', () => {
    const names = Object.keys(metrics) as MetricName[];
    for (const name of names) count(name);
    expect(taken().map(({ MetricName, Unit }) => [MetricName, Unit])).toEqual(
      names.map((name) => [name, metrics[name].unit]),
    );
    expect(names.length).toBeLessThanOrEqual(100);
  });
});

test('each problem has a metric of its own, and no other refusal has one', () => {
  const named = Object.keys(problems).map((code) =>
    `Refused_${code}`.replaceAll(/_(.)/g, (_, first: string) => first.toUpperCase()),
  );
  expect(
    Object.keys(metrics)
      .filter((name) => name.startsWith('Refused'))
      .toSorted(),
  ).toEqual(named.toSorted());
});

describe('a line that is against the format is found', () => {
  const line = (changes: object, metric: object = {}) =>
    JSON.stringify({
      _aws: {
        Timestamp: Date.now(),
        CloudWatchMetrics: [
          { Namespace: 'N', Dimensions: [['Stack']], Metrics: [{ Name: 'A', Unit: 'Count', ...metric }] },
        ],
      },
      Stack: 's',
      A: 1,
      ...changes,
    });
  test('but for a right one', () => expect(dataPoints([line({})])).toHaveLength(1));
  for (const [what, wrong] of [
    ['without its dimension', line({ Stack: undefined })],
    ['with an empty dimension', line({ Stack: '' })],
    ['without its value', line({ A: undefined })],
    ['with a text for a value', line({ A: '1' })],
    ['with too many values', line({ A: Array.from({ length: 101 }, () => 1) })],
    ['with a unit that there is not', line({}, { Unit: 'Pieces' })],
    ['without a time', line({ _aws: { CloudWatchMetrics: [] } })],
  ] as const) {
    test(what, () => expect(() => dataPoints([wrong])).toThrow());
  }
});
