import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type PlatformReporter, reportToPlatform } from '../../../infra/local/report-to-platform.ts';
import { type RunningPlatform, startPlatform } from '../../../infra/simulated-platform/platform.ts';

let platform: RunningPlatform;
let reporter: PlatformReporter;
beforeAll(async () => {
  const extension = { apiKey: 'reported', apiSecret: 'CANARY-secret', baseUrl: 'http://127.0.0.1:9' };
  platform = await startPlatform({ extension });
});
afterAll(() => platform.close());
beforeEach(() => {
  reporter = reportToPlatform(platform.origin);
});
afterEach(() => reporter.close());

const control = async (method: string, path: string) => {
  const response = await fetch(`${platform.origin}/__control/${path}`, { method });
  return { status: response.status, json: await response.json() };
};
const request = { kind: 'request', method: 'GET', status: 200, milliseconds: 5, functionName: 'page' } as const;

test('the platform is told what it cannot see: the browser’s calls, what the cache did, the tables and the queue', async () => {
  reporter.log({ ...request, path: '/company/7', cacheStatus: undefined });
  reporter.onDynamoDbRequest('BatchGetItem', ['InstallationsABCDEF12-0a1b2c3d'], {
    Keys: [{ pk: { S: 'company#7' } }],
  });
  reporter.log({ ...request, path: '/api/products', cacheStatus: 'user-cache; hit' });
  reporter.log({ kind: 'batch', functionName: 'worker', messages: 2, failed: 1, givenUp: 0, milliseconds: 9 });
  await vi.waitFor(async () => {
    expect((await control('GET', 'log')).json).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ from: 'browser', to: 'extension', what: 'The extension’s page', company: '7' }),
        expect.objectContaining({
          from: 'extension',
          to: 'storage',
          what: 'BatchGetItem Installations company#7',
          company: '7',
        }),
        expect.objectContaining({ url: '/api/products', cache: 'user-cache; hit', notes: ['function page'] }),
        expect.objectContaining({ what: 'worker works on 2 messages from the queue: 1 failed' }),
      ]),
    );
  });
});

test('what the platform called itself is not told again, nor the files of a page', async () => {
  await control('DELETE', 'log');
  for (const path of [
    '/app.js',
    '/style.css',
    '/ext/wishlist/7',
    '/fp/uninstall',
    '/api/webhook-events',
    '/fp/auto_install',
    '/_healthz',
  ]) {
    reporter.log({ ...request, method: 'POST', path, cacheStatus: undefined });
  }
  await vi.waitFor(async () => {
    expect((await control('GET', 'log')).json).toMatchObject([{ url: '/_healthz' }]);
  });
});

test('the panel runs a schedule of the extension that said that it is there', async () => {
  const ran: string[] = [];
  const runSchedule = async (name: string) => void ran.push(name);
  await reporter.announce({ schedules: ['nightly'], runSchedule });
  expect((await control('POST', 'schedules/nightly/run')).status).toBe(200);
  expect(ran).toEqual(['nightly']);
  expect((await control('POST', 'schedules/hourly/run')).status).toBe(400);
  await reporter.close();
  expect((await control('POST', 'schedules/nightly/run')).status).toBe(502);
});

test('a platform that is gone is no failure', async () => {
  const lonely = reportToPlatform('http://127.0.0.1:9');
  lonely.log({ ...request, path: '/company/7', cacheStatus: undefined });
  await lonely.announce({ schedules: [], runSchedule: async () => undefined });
  await lonely.close();
});
