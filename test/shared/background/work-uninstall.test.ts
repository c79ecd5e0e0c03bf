import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseMessage, type UninstallMessage } from '../../../shared/background/messages.ts';
import { work } from '../../../shared/background/work.ts';
import { companyTenant } from '../../../shared/tenant.ts';
import { startTables, type TestTables } from '../fixture/dynamodb.ts';
import { noon } from '../fixture/extension.ts';
import type { OfflineAnswers } from '../fixture/offline-work.ts';
import { problemOf } from '../fixture/problem.ts';
import { fakePlatform, offlineToken, signIn } from '../fixture/sign-in.ts';
import { startWorker, type Worker } from '../fixture/work.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());

const gone: OfflineAnswers = {
  call: () => ({ status: 401 }),
  refresh: { status: 400, body: { error: 'invalid_grant' } },
};
/** Its grant is dead, and its access token works on. */
const outlived: OfflineAnswers = { refresh: gone.refresh! };
const hour = 3_600_000;
const backOffMs = [5_000, 30_000, 120_000];

const statusOf = async (company: string) => (await tables.row(company))?.['status']?.S;
const probesOf = ({ httpClient }: Worker) =>
  httpClient.requests.filter(({ target }) => target.includes('company-profile')).length;

/** Somebody says now that a company uninstalled. */
function said(worker: Worker, company: string, more: Partial<UninstallMessage> = {}): UninstallMessage {
  return { kind: 'uninstall', tenant: companyTenant(company), receivedAtMs: worker.now().getTime(), ...more };
}

/** Does a message as the queue brings it, again and again, until it is done with. */
async function finish(worker: Worker, message: UninstallMessage) {
  for (let attempt = 1; ; attempt++) {
    try {
      const outcome = await worker.does(message, attempt);
      if (typeof outcome === 'string') return outcome;
      await worker.wait(outcome.againInSeconds * 1_000);
    } catch {
      await worker.wait(backOffMs[attempt - 1] ?? hour);
    }
  }
}

/** What it left in the queue for later. */
function onceMoreOf(worker: Worker): UninstallMessage {
  const messages = worker.queue.sent.splice(0).map(({ body }) => parseMessage(body));
  const [message, ...others] = messages.filter((each) => each?.kind === 'uninstall');
  if (message === undefined || others.length > 0) throw new Error(`There are ${others.length} others.`);
  return message;
}

describe('an uninstallation that nobody proves', () => {
  test('is asked about four times; the company stays installed', async () => {
    const worker = startWorker(tables, work);
    const company = await worker.install();
    const { uninstallAskedAtMs: _, ...before } = (await tables.row(company))!;
    for (const attempt of [1, 2, 3]) {
      expect(await problemOf(worker.does(said(worker, company), attempt))).toMatchObject({ code: 'platform_error' });
    }
    expect(await worker.does(said(worker, company), 4)).toBe('unconfirmed');
    expect(probesOf(worker)).toBe(4);
    const { uninstallAskedAtMs: asked, ...after } = (await tables.row(company))!;
    expect(after).toEqual(before);
    expect(asked).toEqual({ N: String(worker.now().getTime()) });
  });

  test('and is not confirmed is asked about once more when the token that answered has ended, and then dropped', async () => {
    const worker = startWorker(tables, work);
    const company = await worker.install();
    expect(await finish(worker, said(worker, company))).toBe('unconfirmed');
    const onceMore = onceMoreOf(worker);
    expect(onceMore.onceMore).toEqual({ generation: 1, fromMs: noon.getTime() + hour });
    const probes = probesOf(worker);
    const early = await worker.does(onceMore);
    expect(early).toEqual({ againInSeconds: (noon.getTime() + hour - worker.now().getTime()) / 1_000 });
    expect(probesOf(worker)).toBe(probes);
    expect(await finish(worker, onceMore)).toBe('unconfirmed');
    expect(probesOf(worker)).toBe(probes + 1);
    expect(worker.queue.sent).toEqual([]);
    expect(await statusOf(company)).toBe('installed');
  });

  test('is confirmed at the end of an access token that outlived its grant', async () => {
    const worker = startWorker(tables, work, { answers: outlived });
    const company = await worker.install();
    expect(await finish(worker, said(worker, company))).toBe('unconfirmed');
    expect(await statusOf(company)).toBe('installed');
    expect(await finish(worker, onceMoreOf(worker))).toBe('uninstalled');
    expect(await statusOf(company)).toBe('uninstalled');
  });

  test('is asked about once more within a day, by a refresh, where the access token lives longer', async () => {
    const worker = startWorker(tables, work, { answers: outlived });
    const company = tables.newCompany();
    const offline = { body: { ...offlineToken, expires_in: 200_000 } };
    await signIn(tables, company, { httpClient: fakePlatform({ offline }) });
    await finish(worker, said(worker, company));
    const onceMore = onceMoreOf(worker);
    expect(onceMore.onceMore?.fromMs).toBe(worker.now().getTime() + 24 * hour);
    expect(await finish(worker, onceMore)).toBe('uninstalled');
  });

  test('leaves an installation alone that was made since, when it is asked about once more', async () => {
    const worker = startWorker(tables, work);
    const company = await worker.install();
    await finish(worker, said(worker, company));
    const onceMore = onceMoreOf(worker);
    await signIn(tables, company, { installEvent: true, startedAt: worker.now() });
    await worker.wait(hour);
    Object.assign(worker.answers, gone);
    expect(await worker.does(onceMore)).toBe('outdated');
    expect(await statusOf(company)).toBe('installed');
  });

  test('is put into the queue again where that brings it too early too often', async () => {
    const worker = startWorker(tables, work);
    const company = await worker.install();
    await finish(worker, said(worker, company));
    const onceMore = onceMoreOf(worker);
    expect(await worker.does(onceMore, 4)).toBe('postponed');
    expect(onceMoreOf(worker)).toEqual(onceMore);
  });
});

describe('of several uninstallations that nobody proves', () => {
  test('one that comes while another is asked about is asked about at the end of the hour after that', async () => {
    const worker = startWorker(tables, work);
    const company = await worker.install();
    const forged = said(worker, company);
    await worker.wait(1_000);
    const meanwhile = said(worker, company);
    expect(await finish(worker, forged)).toBe('unconfirmed');
    const [askedAtMs, probes] = [worker.now().getTime(), probesOf(worker)];
    // The platform revokes the grant only now.
    Object.assign(worker.answers, gone);
    expect(await worker.does(meanwhile)).toEqual({ againInSeconds: hour / 1_000 });
    expect(probesOf(worker)).toBe(probes);
    expect(await finish(worker, meanwhile)).toBe('uninstalled');
    expect(worker.now().getTime()).toBe(askedAtMs + hour);
    expect(await statusOf(company)).toBe('uninstalled');
  });

  test('one that comes in the quiet hour after a forged one is asked about at its end, and swallowed by none', async () => {
    const worker = startWorker(tables, work);
    const company = await worker.install();
    await finish(worker, said(worker, company));
    const askedAtMs = worker.now().getTime();
    await worker.wait(hour / 2);
    Object.assign(worker.answers, gone);
    expect(await finish(worker, said(worker, company))).toBe('uninstalled');
    expect(worker.now().getTime()).toBe(askedAtMs + hour);
  });

  test('a true one is acted on soon, whatever forged ones come before and after it', async () => {
    const worker = startWorker(tables, work);
    const company = await worker.install();
    const [before, itself, after] = [said(worker, company), said(worker, company), said(worker, company)];
    await problemOf(worker.does(before, 1));
    Object.assign(worker.answers, gone);
    expect(await worker.does(before, 2)).toBe('uninstalled');
    expect(await worker.does(itself)).toBe('not_installed');
    expect(await worker.does(after)).toBe('not_installed');
    expect(await statusOf(company)).toBe('uninstalled');
  });

  test('however many come, one more is asked about at the end of the hour', async () => {
    const worker = startWorker(tables, work);
    const company = await worker.install();
    await finish(worker, said(worker, company));
    const probes = probesOf(worker);
    const many: UninstallMessage[] = [];
    for (let minute = 0; minute < 50; minute++) {
      await worker.wait(60_000);
      many.push(said(worker, company));
    }
    worker.queue.sent.length = 0;
    for (const each of many) expect(await finish(worker, each)).toBe('unconfirmed');
    expect(probesOf(worker)).toBe(probes + 1);
    expect(onceMoreOf(worker).onceMore).toBeDefined();
    expect(await statusOf(company)).toBe('installed');
  });

  test('one that comes right before the end of the hour is given the time that the platform may need', async () => {
    const worker = startWorker(tables, work);
    const company = await worker.install();
    await finish(worker, said(worker, company));
    await worker.wait(hour - 1_000);
    expect(await worker.does(said(worker, company))).toEqual({ againInSeconds: 180 });
  });

  test('one that comes after the quiet hour is asked about at once', async () => {
    const worker = startWorker(tables, work);
    const company = await worker.install();
    await finish(worker, said(worker, company));
    await worker.wait(hour);
    Object.assign(worker.answers, gone);
    expect(await worker.does(said(worker, company))).toBe('uninstalled');
  });

  test('those of a quiet hour cost a read each', async () => {
    const worker = startWorker(tables, work);
    const company = await worker.install();
    await finish(worker, said(worker, company));
    worker.queue.sent.length = 0;
    tables.calls.length = 0;
    await worker.does(said(worker, company));
    expect(tables.calls.map(({ operation }) => operation)).toEqual(['GetItem']);
    expect(worker.queue.sent).toEqual([]);
  });
});

describe('uninstalling, installing and uninstalling again', () => {
  test('within a minute ends both installations', async () => {
    const worker = startWorker(tables, work, { answers: gone });
    const company = await worker.install();
    expect(await worker.does(said(worker, company))).toBe('uninstalled');
    await worker.wait(10_000);
    await signIn(tables, company, { startedAt: worker.now() });
    await worker.wait(10_000);
    expect(await worker.does(said(worker, company))).toBe('uninstalled');
    expect(await tables.row(company)).toMatchObject({ status: { S: 'uninstalled' }, generation: { N: '4' } });
  });

  test('is not held up by the first message, nor by an hour that was quiet for the first installation', async () => {
    const worker = startWorker(tables, work);
    const company = await worker.install();
    await finish(worker, said(worker, company));
    await worker.wait(1_000);
    const first = said(worker, company);
    await worker.wait(1_000);
    await signIn(tables, company, { installEvent: true, startedAt: worker.now() });
    worker.queue.sent.length = 0;
    // It is about the earlier installation: asked about, and not again a few times.
    expect(await worker.does(first)).toBe('unconfirmed');
    expect(onceMoreOf(worker).onceMore?.generation).toBe(2);
    await worker.wait(1_000);
    Object.assign(worker.answers, gone);
    expect(await worker.does(said(worker, company))).toBe('uninstalled');
  });
});

describe('an uninstallation that is signed', () => {
  test('is asked about at once, also in a quiet hour, by a refresh; it begins none', async () => {
    const worker = startWorker(tables, work);
    const company = await worker.install();
    await finish(worker, said(worker, company));
    const before = await tables.row(company);
    worker.queue.sent.length = 0;
    expect(await finish(worker, said(worker, company, { isSigned: true }))).toBe('unconfirmed');
    expect((await tables.row(company))?.['uninstallAskedAtMs']).toEqual(before?.['uninstallAskedAtMs']);
    expect(onceMoreOf(worker)).toMatchObject({ isSigned: true, onceMore: { generation: 1 } });
    Object.assign(worker.answers, outlived);
    expect(await worker.does(said(worker, company, { isSigned: true }))).toBe('uninstalled');
  });

  test('for a company whose grant works ends nothing, whatever its date', async () => {
    const worker = startWorker(tables, work);
    const company = await worker.install();
    const message = said(worker, company, { isSigned: true, signedAtMs: worker.now().getTime() });
    expect(await finish(worker, message)).toBe('unconfirmed');
    expect(await finish(worker, onceMoreOf(worker))).toBe('unconfirmed');
    expect(await statusOf(company)).toBe('installed');
  });
});
