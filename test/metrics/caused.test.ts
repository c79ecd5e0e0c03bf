import { writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type MetricName, metrics } from '../../shared/metrics.ts';
import { startCauses } from './causes.ts';
import { dataPoints, totals } from './data-points.ts';

vi.mock('#handlers', async () => (await import('./author.ts')).handlers);
vi.mock('#launched', async () => {
  const { author } = await import('./author.ts');
  return { launched: () => author.launched() };
});

let started: Awaited<ReturnType<typeof startCauses>>;
/** Every line, by the metric that it was to cause. */
const lines: Record<string, readonly string[]> = {};
beforeAll(async () => {
  started = await startCauses();
});
afterEach(() => started.reset());
afterAll(async () => {
  // Whoever puts them into an emulator reads them there.
  const file = process.env['METRIC_LINES'];
  if (file) writeFileSync(file, JSON.stringify(lines));
  await started.close();
});

// The type of `causes` has a row for each metric: one that nothing causes does not compile.
test.for(Object.keys(metrics) as MetricName[])(
  '%s is counted where what it means has happened, and nothing else is',
  async (name) => {
    const { by, counts } = started.causes[name];
    const caused = await by();
    lines[name] = caused;
    expect(counts[name]).toBeGreaterThan(0);
    expect(totals(caused)).toEqual(counts);
    for (const point of dataPoints(caused)) {
      expect(point).toMatchObject({
        Namespace: 'FyndExtension',
        Dimensions: [{ Name: 'Stack', Value: 'test-stack' }],
        Unit: metrics[point.MetricName as MetricName].unit,
      });
      // No record was sent later than five seconds ago.
      if (point.MetricName === 'WorkWaitMs') expect(point.Value).toBeGreaterThanOrEqual(5_000);
    }
  },
);
