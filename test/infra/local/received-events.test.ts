import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Browser } from '../../flow/browser.ts';
import { PlatformControl } from '../../flow/platform-control.ts';
import { type LocalWorld, startWorld } from '../../start-world.ts';
import { clientOf } from './fixture/queues.ts';
import { temporaryDirectory } from './fixture/start-fixture.ts';

const uid = 7_501_000;
const event = { category: 'company', name: 'product', type: 'update', version: '1' };
let data: ReturnType<typeof temporaryDirectory>;
let running: LocalWorld;
let control: PlatformControl;
let client: SQSClient;
beforeAll(async () => {
  data = temporaryDirectory();
  running = await startWorld({ dataDir: data.path, configFile: 'test/infra/local/receiving.extension.config.ts' });
  control = new PlatformControl(running.world);
  client = new SQSClient({ ...clientOf(running.extension), endpoint: running.extension.sqsEndpoint });
  await new Browser(running.world).signIn(1);
  await running.extension.idle();
}, 60_000);
afterAll(async () => {
  client.destroy();
  await running.close();
  data[Symbol.dispose]();
});

const queueUrl = () => running.extension.resourceNames['RECEIVED_QUEUE_URL'] ?? '';
const send = (body: object) =>
  client.send(new SendMessageCommand({ QueueUrl: queueUrl(), MessageBody: JSON.stringify(body) }));
const asked = async (company: number) =>
  (await control.requests(`/service/platform/catalog/v2.0/company/${company}/products/${uid}/`)).length;

describe('events that another account sends to a queue of the stack', () => {
  test('are registered with that queue', async () => {
    expect(await control.subscribers(1)).toMatchObject([
      {
        provider: 'sqs',
        event_configs: [{ subscriber_event_mapping: { broadcaster_config: { queue: queueUrl() } } }],
      },
    ]);
  });

  test('are handled once, however often they come, and for installed companies only', async () => {
    const message = (company_id: number, id: string) => ({
      company_id,
      event: { ...event, id },
      payload: { product: { uid } },
    });
    await send(message(1, 'e1'));
    await running.extension.idle();
    await send(message(1, 'e1'));
    await send(message(2, 'e2'));
    await running.extension.idle();
    expect([await asked(1), await asked(2)]).toEqual([1, 0]);
  });

  test('are nothing but events: what looks like a message of the worker’s is none, and ends in the dead letters', async () => {
    await control.forgetRequests();
    await send({ kind: 'subscriber', company: '1', task: 'resync' });
    await expect.poll(() => running.extension.countMessages(), { timeout: 60_000 }).toMatchObject({ dead: 1 });
    expect(await control.requests('/service/platform/webhook/')).toEqual([]);
  });
});

test('alarms and the topic that they tell are of no account on this machine', () => {
  expect(running.extension.logs().filter((line) => line.startsWith('Not served on this machine'))).toEqual([]);
});
