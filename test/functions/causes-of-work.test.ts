import { createHmac } from 'node:crypto';
import type { Context, SQSEvent } from 'aws-lambda';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { handler as AutoInstall } from '../../functions/auto-install.ts';
import type { handler as Callback } from '../../functions/callback.ts';
import type { handler as Install } from '../../functions/install.ts';
import type { handler as ReceiveEvent } from '../../functions/receive-event.ts';
import type { handler as Uninstall } from '../../functions/uninstall.ts';
import type { handler as Webhook } from '../../functions/webhook.ts';
import type { handler as Worker } from '../../functions/worker.ts';
import type { EventHandler } from '../../shared/background/handlers.ts';
import { scheduleMessage } from '../../shared/background/messages.ts';
import { clientId } from '../shared/fixture/extension.ts';
import { gatewayEvent } from './fixture/event.ts';
import { startFlow } from './fixture/flow.ts';
import type { SentMessage } from './fixture/queue.ts';
import { type Handler, startWorld, type World } from './fixture/world.ts';

const product = { category: 'company', name: 'product', type: 'update', version: '1' };
/** As `gatewayEvent` has it. */
const requestId = 'JKJaXmPLvHcESHA=';

vi.mock('#handlers', () => ({
  events: {
    'company/product/update/v1': (({ log }) => Promise.resolve(log('told by the author'))) satisfies EventHandler,
  },
  schedules: { nightly: () => Promise.resolve() },
  hooks: {},
}));

let world: World;
let functions: {
  install: typeof Install;
  callback: typeof Callback;
  autoInstall: typeof AutoInstall;
  uninstall: typeof Uninstall;
  webhook: typeof Webhook;
  receiveEvent: typeof ReceiveEvent;
  worker: typeof Worker;
};
beforeAll(async () => {
  world = await startWorld({
    events: {
      'company/product/create/v1': './test/extension/on-product-update.ts',
      'company/product/update/v1': {
        handler: './test/extension/on-product-update.ts',
        provider: 'sqs',
        from: '123456789012',
      },
    },
    hooks: { installed: './test/extension/on-installation.ts' },
    webhooks: { notificationEmail: 'owner@example.com' },
  });
  functions = {
    install: (await import('../../functions/install.ts')).handler,
    callback: (await import('../../functions/callback.ts')).handler,
    autoInstall: (await import('../../functions/auto-install.ts')).handler,
    uninstall: (await import('../../functions/uninstall.ts')).handler,
    webhook: (await import('../../functions/webhook.ts')).handler,
    receiveEvent: (await import('../../functions/receive-event.ts')).handler,
    worker: (await import('../../functions/worker.ts')).handler,
  };
});
afterAll(() => world.close());
afterEach(() => void world.queue.sent.splice(0));

const post = (handler: Handler, path: string, body: object, headers: Record<string, string> = {}) =>
  world.send(
    handler,
    gatewayEvent({
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    }),
  );

/** Hands a message to a function that queues call; answers its lines. */
async function work(handler: typeof Worker, body: string, messageId: string) {
  const output: string[] = [];
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => output.push(String(text)) > 0);
  const attributes = { ApproximateReceiveCount: '2', SentTimestamp: '0', MessageGroupId: 'g' };
  const record = { messageId, receiptHandle: 'r', body, attributes };
  const context = { awsRequestId: 'lambda-2', getRemainingTimeInMillis: () => 60_000 } as Context;
  try {
    await handler({ Records: [record] } as unknown as SQSEvent, context);
  } finally {
    spy.mockRestore();
  }
  return output.map((line) => JSON.parse(line) as Record<string, unknown>);
}

const sent = () => world.queue.sent.splice(0);
const textOf = (each = sent()[0]) => JSON.stringify(each?.message);
/** By their kinds. */
const causesOf = (messages: readonly SentMessage[]) =>
  Object.fromEntries(messages.map(({ message }) => [message['kind'], message['causedBy']]));

async function installed(): Promise<string> {
  const company = world.tables.newCompany();
  await post(functions.autoInstall, '/fp/auto_install', { company_id: company, code: 'CANARY-code' });
  return company;
}

describe('what a request sends into the queue says which request that was', () => {
  test('a sign-in', async () => {
    const flow = startFlow(world, functions);
    await flow.comeBack(flow.withCode(await flow.launch()));
    expect(causesOf(sent())).toEqual({ lifecycle: requestId, register: requestId });
  });

  test('an installation without a person', async () => {
    await installed();
    expect(causesOf(sent())).toEqual({ lifecycle: requestId, register: requestId });
  });

  test('an event', async () => {
    const key = createHmac('sha256', 'CANARY-webhook-key-0123456789abcdef').update('company#12').digest('hex');
    const event = { company_id: 12, event: { ...product, type: 'create' }, payload: {} };
    const signature = createHmac('sha256', key).update(JSON.stringify(event)).digest('hex');
    await post(functions.webhook, '/api/webhook-events', event, { 'x-fp-signature': signature });
    expect(causesOf(sent())).toEqual({ webhook: requestId });
  });

  test('an uninstall', async () => {
    await post(functions.uninstall, '/fp/uninstall', { company_id: 1, client_id: clientId });
    expect(causesOf(sent())).toEqual({ uninstall: requestId });
  });
});

describe('the worker’s line', () => {
  test('names the request that sent the message, and Lambda’s own; what the author logs names the message', async () => {
    const company = await installed();
    sent();
    const body = { company_id: company, event: product, payload: {} };
    await work(functions.receiveEvent, JSON.stringify(body), 'received-1');
    const [author, line] = await work(functions.worker, textOf(), 'message-1');
    expect(author).toMatchObject({ message_id: 'message-1', message: 'told by the author' });
    expect(line).toMatchObject({ message_id: 'message-1', caused_by: 'received-1', lambda_request_id: 'lambda-2' });
  });

  test('names nobody where nobody said so: a schedule, or a message from before', async () => {
    const { body } = scheduleMessage({ name: 'nightly', run: 'r1', partition: 0, page: 1 });
    const [line] = await work(functions.worker, body, 'message-2');
    expect(line).toMatchObject({ outcome: 'fanned_out' });
    expect(line).not.toHaveProperty('caused_by');
    // What follows is because of that message, and so is what follows on it.
    const next = sent().find(({ message }) => message['kind'] === 'schedule');
    expect(next?.message).toMatchObject({ page: 2, causedBy: 'message-2' });
    expect((await work(functions.worker, textOf(next), 'message-3'))[0]).toMatchObject({ caused_by: 'message-2' });
    for (const { message } of sent()) expect(message['causedBy']).toBe('message-2');
  });
});
