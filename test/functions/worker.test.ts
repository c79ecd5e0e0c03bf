import type { Context, SQSEvent, SQSRecord } from 'aws-lambda';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Delivery, queue as makeQueue, QueueRequirement } from '../../functions/runtime/queue.ts';
import type { handler as Worker } from '../../functions/worker.ts';
import type { EventHandler } from '../../shared/background/handlers.ts';
import {
  registerMessage,
  scheduleMessage,
  uninstallMessage,
  webhookMessage,
} from '../../shared/background/messages.ts';
import { AppError } from '../../shared/problems.ts';
import { companyTenant } from '../../shared/tenant.ts';
import { signIn } from '../shared/fixture/sign-in.ts';
import { signsIn, startWorld, type World } from './fixture/world.ts';

/** What the author's handler does; as bundling does, the tests put it where `#handlers` is. */
const author = vi.hoisted(() => ({ handle: (() => Promise.resolve()) as EventHandler }));
vi.mock('#handlers', () => ({
  events: { 'company/product/update/v1': (context: Parameters<EventHandler>[0]) => author.handle(context) },
  schedules: { nightly: () => Promise.resolve() },
  hooks: {},
}));

let world: World;
let worker: typeof Worker;
let queue: typeof makeQueue;
beforeAll(async () => {
  world = await startWorld({
    events: { 'company/product/update/v1': './test/extension/on-product-update.ts' },
    webhooks: { notificationEmail: 'owner@example.com' },
  });
  ({ handler: worker } = await import('../../functions/worker.ts'));
  ({ queue } = await import('../../functions/runtime/queue.ts'));
});
afterAll(() => world.close());
afterEach(() => {
  author.handle = () => Promise.resolve();
  world.platform.answer = signsIn;
  world.queue.retried.length = 0;
  world.queue.refuses = false;
});

let records = 0;
/** A record as AWS's documentation shows it (https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html). */
function record(body: string, group: string, attempt = 1): SQSRecord {
  const messageId = `059f36b4-87a3-44ab-83d2-${String(++records).padStart(12, '0')}`;
  return {
    messageId,
    receiptHandle: `AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a-${messageId}`,
    body,
    attributes: {
      ApproximateReceiveCount: String(attempt),
      SentTimestamp: '1573251510774',
      SequenceNumber: '18849496460467696128',
      MessageGroupId: group,
      SenderId: 'AIDAIO23YVJENQZJOL4VO',
      MessageDeduplicationId: '1',
      ApproximateFirstReceiveTimestamp: '1573251510774',
    },
    messageAttributes: {},
    md5OfBody: 'e4e68fb7bd0e697a0ae8f1bb342846b3',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:123456789012:work.fifo',
    awsRegion: 'us-east-1',
  };
}

function productUpdate(company: string, n: number, attempt = 1): SQSRecord {
  const event = { category: 'company', name: 'product', type: 'update', version: '1' };
  const body = Buffer.from(JSON.stringify({ company_id: company, event, payload: { n, secret: 'CANARY-payload' } }));
  const message = webhookMessage({
    tenant: companyTenant(company),
    eventId: undefined,
    body,
    receivedAtMs: Date.now(),
  });
  return record(message?.body ?? '', message?.group ?? '', attempt);
}

/** Hands records to the worker; answers the ids that failed and what it wrote to the log. */
async function work(Records: SQSRecord[], remainingMs = 60_000, handler = worker) {
  const output: string[] = [];
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => output.push(String(text)) > 0);
  const event: SQSEvent = { Records };
  try {
    const context = { getRemainingTimeInMillis: () => remainingMs } as Context;
    const { batchItemFailures } = await handler(event, context);
    expect(output.join('')).not.toContain('CANARY');
    return {
      failed: batchItemFailures.map(({ itemIdentifier }) => itemIdentifier),
      log: output.map((line) => JSON.parse(line) as Record<string, unknown>),
    };
  } finally {
    spy.mockRestore();
  }
}

async function installed(): Promise<string> {
  const company = world.tables.newCompany();
  await signIn(world.tables, company, { now: new Date(Date.now() - 1_000) });
  return company;
}

const numberIn = (payload: unknown) => (payload as { n: number }).n;

describe('a chain of the queue', () => {
  test('that breaks outside of its handler leaves the message to the queue, with a line that shows nobody why', async () => {
    const refusing: QueueRequirement<Delivery> = { before: () => Promise.reject(new TypeError('CANARY-message')) };
    const handler = queue()
      .use(refusing)
      .handler(() => Promise.reject(new Error('It ran.')));
    const [first, second] = [record('CANARY-body', 'a'), record('CANARY-body', 'b')];
    const { failed, log } = await work([first, second], 60_000, handler);
    expect(failed).toEqual([first.messageId, second.messageId]);
    expect(log).toMatchObject([
      { level: 'error', message_id: first.messageId, attempt: 1, outcome: 'failed', error: 'TypeError' },
      { level: 'error', message_id: second.messageId },
    ]);
  });

  test('that ends early without having begun anything writes nothing, and the rest of the group waits', async () => {
    let runs = 0;
    const waiting: QueueRequirement<Delivery> = {
      before: () => Promise.resolve(runs++ === 0 ? { isDone: false, outcome: undefined } : undefined),
    };
    const handler = queue()
      .use(waiting)
      .handler(() => Promise.resolve({ isDone: true, outcome: 'handled' }));
    const [first, second, other] = [record('', 'a'), record('', 'a'), record('', 'b')];
    const { failed, log } = await work([first, second, other], 60_000, handler);
    expect(failed).toEqual([first.messageId, second.messageId]);
    expect(log).toMatchObject([{ level: 'info', message_id: other.messageId, outcome: 'handled' }]);
  });
});

describe('the worker', () => {
  test('handles what the queue brings, with one line in the log for each', async () => {
    const company = await installed();
    const handled: number[] = [];
    author.handle = ({ payload }) => Promise.resolve(void handled.push(numberIn(payload)));
    const one = productUpdate(company, 1, 2);
    const { failed, log } = await work([one]);
    expect([failed, handled]).toEqual([[], [1]]);
    expect(log).toEqual([
      {
        time: expect.any(String),
        level: 'info',
        message_id: one.messageId,
        kind: 'webhook',
        company_id: company,
        attempt: 2,
        outcome: 'handled',
        duration_ms: expect.any(Number),
        _aws: expect.anything(),
        Stack: 'test-stack',
        WebhooksHandled: 1,
      },
    ]);
    expect((await work([one])).log[0]).toMatchObject({ outcome: 'duplicate' });
  });

  test('lets what stands behind a failure in its group wait for its turn, and nobody else', async () => {
    const [one, two] = [await installed(), await installed()];
    const handled: [string, number][] = [];
    author.handle = ({ company, payload }) => {
      const n = numberIn(payload);
      handled.push([company, n]);
      return company === one && n === 2 ? Promise.reject(new TypeError('CANARY-message')) : Promise.resolve();
    };
    const batch = [1, 2, 3].map((n) => productUpdate(one, n));
    const others = [1, 2].map((n) => productUpdate(two, n));
    const { failed, log } = await work([batch[0]!, others[0]!, batch[1]!, batch[2]!, others[1]!]);
    expect(failed).toEqual([batch[1]?.messageId, batch[2]?.messageId]);
    const of = (company: string) => handled.filter(([each]) => each === company).map(([, n]) => n);
    expect([of(one), of(two)]).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(log.find(({ outcome }) => outcome === 'failed')).toMatchObject({
      level: 'error',
      company_id: one,
      code: 'internal',
      error: 'TypeError',
      at: expect.any(Array),
      retry_after_s: 5,
    });
  });

  test('never handles two messages of a group at once, and groups side by side', async () => {
    const companies = [await installed(), await installed()];
    const running = new Map<string, number>();
    let most = 0;
    let mostTogether = 0;
    author.handle = async ({ company }) => {
      running.set(company, (running.get(company) ?? 0) + 1);
      most = Math.max(most, running.get(company) ?? 0);
      mostTogether = Math.max(
        mostTogether,
        [...running.values()].reduce((sum, each) => sum + each),
      );
      await new Promise((resolve) => setTimeout(resolve, 30));
      running.set(company, (running.get(company) ?? 0) - 1);
    };
    await work(companies.flatMap((company) => [1, 2].map((n) => productUpdate(company, n))));
    expect([most, mostTogether]).toEqual([1, 2]);
  });

  for (const [attempt, seconds] of [
    [1, 5],
    [2, 30],
    [3, 120],
    [4, 300],
    [5, 300],
  ] as const) {
    test(`has what failed for the ${attempt}. time come again after ${seconds} seconds`, async () => {
      const company = await installed();
      author.handle = () => Promise.reject(new AppError('platform_error', 'The platform did not answer.'));
      const failing = productUpdate(company, 1, attempt);
      const { failed, log } = await work([failing]);
      expect(failed).toEqual([failing.messageId]);
      expect(world.queue.retried).toEqual([{ receipt: failing.receiptHandle, seconds }]);
      expect(log[0]).toMatchObject({
        attempt,
        code: 'platform_error',
        detail: 'The platform did not answer.',
        retry_after_s: seconds,
      });
    });
  }

  for (const [field, attempt, atLeast, atMost] of [
    ['600', 1, 600, 600],
    ['200', 4, 300, 300],
    [new Date(Date.now() + 3_600_000).toUTCString(), 2, 3_500, 3_600],
    ['99999999999', 1, 43_000, 43_000],
  ] as const) {
    test(`has what the platform limits until «${field}» come again no sooner, on attempt ${attempt}`, async () => {
      const company = await installed();
      author.handle = ({ platform }) => platform.get(`catalog/v2.0/company/${company}/products/Some-Slug-9/x`);
      world.platform.answer = () => ({ status: 429, headers: { 'retry-after': field }, body: { secret: 'CANARY' } });
      const { failed, log } = await work([productUpdate(company, 1, attempt)]);
      expect(failed).toHaveLength(1);
      const seconds = world.queue.retried[0]?.seconds ?? 0;
      expect(seconds).toBeGreaterThanOrEqual(atLeast);
      expect(seconds).toBeLessThanOrEqual(atMost);
      expect(log).toMatchObject([
        {
          level: 'error',
          company_id: company,
          code: 'platform_error',
          platform_status: 429,
          platform_request: 'GET catalog/v2.0/company/*/products/*/x',
          at: expect.any(Array),
          retry_after_s: seconds,
        },
      ]);
    });
  }

  test('has what waits for a token that the platform does not give come again no sooner than it may be asked', async () => {
    const company = await installed();
    author.handle = () =>
      Promise.reject(new AppError('rate_limited', 'Left alone.', { headers: { 'retry-after': '60' } }));
    await work([productUpdate(company, 1)]);
    expect(world.queue.retried[0]?.seconds).toBe(60);
  });

  test('is done with what a company’s dead grant stands in the way of, after a second look', async () => {
    const company = await installed();
    author.handle = ({ platform }) => platform.get(`catalog/v2.0/company/${company}/products/`);
    world.platform.answer = ({ url }) =>
      url.includes('/oauth/token') ? { status: 400, body: { error: 'invalid_grant' } } : { status: 401 };
    const first = await work([productUpdate(company, 1, 1)]);
    expect(first).toMatchObject({ failed: [expect.any(String)], log: [{ code: 'installation_required' }] });
    const second = await work([productUpdate(company, 1, 2)]);
    expect(second).toMatchObject({ failed: [], log: [{ level: 'info', outcome: 'not_installed' }] });
    expect(await world.tables.row(company)).toMatchObject({ status: { S: 'reauthorize' } });
  });

  test('leaves it to the queue when what failed comes again, where it cannot say so', async () => {
    const company = await installed();
    author.handle = () => Promise.reject(new Error('no'));
    world.queue.refuses = true;
    const failing = productUpdate(company, 1);
    expect((await work([failing])).failed).toEqual([failing.messageId]);
  });

  for (const body of ['', 'CANARY', '{}', '{"kind":"other","company":"CANARY"}']) {
    test(`leaves a message that is none of ours to the dead letters, and repeats none of it: ${body}`, async () => {
      const company = await installed();
      const [strange, fine] = [record(body, 'company#CANARY'), productUpdate(company, 1)];
      const { failed, log } = await work([strange, fine]);
      expect(failed).toEqual([strange.messageId]);
      expect(log.find(({ outcome }) => outcome === 'malformed')).toMatchObject({ level: 'error', attempt: 1 });
      expect(world.queue.retried).toEqual([]);
    });
  }

  test('counts at each sweep the scopes that the partner panel does not allow, and is quiet where it does not say', async () => {
    const sweep = scheduleMessage({ name: 'sweep', run: 'r9', partition: 7, page: 1 });
    for (const [body, beyond] of [
      [{ scope: ['company/products'] }, ['company/orders']],
      [{ scope: ['company/*'] }, undefined],
      [{}, undefined],
    ] as const) {
      world.platform.answer = ({ url, headers }) => {
        if (!url.includes('/extensions/details/')) return signsIn({ url });
        expect(headers.authorization).toMatch(/^Basic /);
        return { headers: { 'content-type': 'application/json' }, body };
      };
      const { log } = await work([record(sweep.body, sweep.group)]);
      expect(log[0]).toMatchObject(
        beyond === undefined
          ? { outcome: 'fanned_out', level: 'info' }
          : { level: 'error', ScopesBeyondPanel: 1, scopes_beyond: beyond },
      );
      expect(log[0]?.['ScopesBeyondPanel']).toBe(beyond?.length);
    }
  });

  test('tells of a schedule that goes round in circles as an error, and does not try it again', async () => {
    const { body, group } = scheduleMessage({ name: 'nightly', run: 'r1', partition: 0, page: 3, mark: '1 ' });
    world.queue.sent.length = 0;
    const { failed, log } = await work([record(body, group)]);
    expect(failed).toEqual([]);
    expect(log).toMatchObject([{ level: 'error', kind: 'schedule', schedule: 'nightly', outcome: 'runaway' }]);
    expect(world.queue.sent.filter((sent) => sent.message['kind'] === 'schedule')).toEqual([]);
    expect(world.queue.retried).toEqual([]);
  });

  test('leaves what it is too early for to the queue until then, and tells of no failure', async () => {
    const company = await installed();
    const tenant = companyTenant(company);
    await world.tables.grants.recordUninstallAsked((await world.tables.grants.find(tenant))!, new Date());
    const { body, group } = uninstallMessage({ tenant, receivedAtMs: Date.now() });
    const early = record(body, group);
    const { failed, log } = await work([early]);
    expect(failed).toEqual([early.messageId]);
    expect(log).toMatchObject([{ level: 'info', outcome: 'postponed', company_id: company }]);
    const seconds = world.queue.retried[0]?.seconds ?? 0;
    expect(seconds).toBeGreaterThan(3_590);
    expect(seconds).toBeLessThanOrEqual(3_600);
  });

  test('has what waits for longer than the queue allows come again before that', async () => {
    const company = await installed();
    const onceMore = { generation: 1, fromMs: Date.now() + 86_400_000 };
    const { body, group } = uninstallMessage({ tenant: companyTenant(company), receivedAtMs: Date.now(), onceMore });
    await work([record(body, group)]);
    expect(world.queue.retried[0]?.seconds).toBe(43_000);
  });

  test('begins nothing that it might not finish', async () => {
    const company = await installed();
    let runs = 0;
    author.handle = () => Promise.resolve(void runs++);
    const late = productUpdate(company, 1);
    const { failed, log } = await work([late], 14_999);
    expect([failed, log, runs]).toEqual([[late.messageId], [], 0]);
    expect((await work([late], 15_001)).failed).toEqual([]);
    expect(runs).toBe(1);
  });

  test('takes a group that has no name for one message’s own', async () => {
    const company = await installed();
    const { attributes, ...rest } = productUpdate(company, 1);
    const { MessageGroupId: _, ...others } = attributes;
    expect((await work([{ ...rest, attributes: others }])).failed).toEqual([]);
  });

  test('does the other kinds of work too: a registration, a forged uninstall', async () => {
    const company = await installed();
    const register = registerMessage({ tenant: companyTenant(company), generation: 1 }, 'r');
    const uninstall = uninstallMessage({ tenant: companyTenant(company), receivedAtMs: Date.now() });
    const first = record(register.body, register.group);
    const forged = record(uninstall.body, uninstall.group, 4);
    const { failed, log } = await work([first, forged]);
    expect(failed).toEqual([]);
    expect(log.map(({ kind, outcome }) => `${String(kind)} ${String(outcome)}`).toSorted()).toEqual([
      'register registered',
      'uninstall unconfirmed',
    ]);
    const paths = world.platform.requests.map(({ url }) => url);
    expect(paths).toContain(`/service/platform/webhook/v3.0/company/${company}/subscriber`);
  });
});
