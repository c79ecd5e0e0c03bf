import { createHmac } from 'node:crypto';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { handler as Webhook } from '../../functions/webhook.ts';
import { parseMessage, webhookBody } from '../../shared/background/messages.ts';
import { environment } from '../../shared/contract.ts';
import { bareEvent, gatewayEvent } from './fixture/event.ts';
import { everywhere, startWorld, type World } from './fixture/world.ts';

let world: World;
let webhook: typeof Webhook;
beforeAll(async () => {
  world = await startWorld({
    events: { 'company/product/update/v1': './test/extension/on-product-update.ts' },
    webhooks: { notificationEmail: 'owner@example.com' },
  });
  ({ handler: webhook } = await import('../../functions/webhook.ts'));
});
afterAll(() => world.close());
afterEach(() => {
  world.queue.sent.length = 0;
  world.queue.refuses = false;
});

const product = { category: 'company', name: 'product', type: 'update', version: '1' };
const usual = JSON.stringify({ company_id: 12, event: product, payload: { text: 'CANARY-é\u2028' } });
const hmac = (key: string, text: string | Buffer) => createHmac('sha256', key).update(text).digest('hex');
const sign = (body: string | Buffer, key = 'CANARY-webhook-key-0123456789abcdef') =>
  hmac(hmac(key, 'company#12'), body);

async function deliver(body: Buffer | string, options: { signature?: string; event?: typeof gatewayEvent } = {}) {
  const { signature = sign(body), event = gatewayEvent } = options;
  const isText = typeof body === 'string';
  return await world.send(
    webhook,
    event({
      method: 'POST',
      path: '/api/webhook-events',
      query: 'company_id=12',
      headers: { 'content-type': 'application/json', 'x-fp-signature': signature, 'x-fp-event-id': 'e1' },
      body: isText ? body : body.toString('base64'),
      isBase64Encoded: !isText,
    }),
  );
}

const bytesSent = () => {
  const message = parseMessage(JSON.stringify(world.queue.sent[0]?.message));
  return message?.kind === 'webhook' ? webhookBody(message) : undefined;
};

describe('a delivery', () => {
  for (const [frontDoor, event] of [
    ['API Gateway', gatewayEvent],
    ['a front door that sends the bare minimum', bareEvent],
  ] as const) {
    test(`through ${frontDoor} is queued to the byte and answered; no table is asked`, async () => {
      world.tables.calls.length = 0;
      const answer = await deliver(usual, { event });
      expect([answer.status, answer.json]).toEqual([200, { success: true }]);
      expect(answer.headers).toMatchObject({ ...everywhere, 'cache-control': 'no-store' });
      expect(answer.log).toMatchObject({
        level: 'info',
        outcome: 'queued',
        status: 200,
        company_id: expect.any(String),
      });
      expect(world.queue.sent).toHaveLength(1);
      expect(bytesSent()?.toString()).toBe(usual);
      expect(world.tables.calls).toEqual([]);
    });
  }

  test('is verified over its bytes, whether the gateway took it for text or not', async () => {
    expect((await deliver(Buffer.from(usual))).log).toMatchObject({ outcome: 'queued' });
    expect(bytesSent()?.toString()).toBe(usual);
    const reserialised = JSON.stringify(JSON.parse(usual), undefined, 1);
    expect((await deliver(reserialised, { signature: sign(usual) })).status).toBe(403);
  });

  for (const [outcome, body] of [
    ['ping', { company_id: 12, event: { name: 'ping' } }],
    ['unhandled', { company_id: 12, event: { ...product, type: 'create' } }],
    ['too_old', { company_id: 12, event: { ...product, created_timestamp: Date.now() - 31 * 86_400_000 } }],
  ] as const) {
    test(`that is ${outcome} is 200, counted in the log and not queued`, async () => {
      const answer = await deliver(JSON.stringify(body));
      expect([answer.status, answer.log['outcome']]).toEqual([200, outcome]);
      expect(world.queue.sent).toEqual([]);
    });
  }

  for (const [status, code, body, signature] of [
    [401, 'signature_required', usual, ''],
    [403, 'signature_mismatch', usual, sign(usual, 'CANARY-other-key-0123456789abcdefgh')],
    [403, 'signature_mismatch', usual, hmac('CANARY-api-secret', usual)],
    [403, 'signature_mismatch', '', 'x'],
    [400, 'invalid_request', '', sign('')],
    [400, 'invalid_request', 'CANARY', sign('CANARY')],
    [400, 'invalid_request', '['.repeat(5_000), sign('['.repeat(5_000))],
  ] as const) {
    test(`is ${status} ${code}, and nothing is queued: ${body.slice(0, 20)}`, async () => {
      const answer = await deliver(body, { signature });
      expect([answer.status, answer.json['code']]).toEqual([status, code]);
      expect(answer.log).toMatchObject({ code, status });
      expect(world.queue.sent).toEqual([]);
    });
  }

  test('is 500 where the queue does not take it: the platform tries again', async () => {
    world.queue.refuses = true;
    expect(await deliver(usual)).toMatchObject({ status: 500, log: { level: 'error' } });
  });

  test('that was signed under the webhook key before counts for 72 hours after the next one came', async () => {
    const [key, next] = ['CANARY-webhook-key-0123456789abcdef', 'CANARY-next-key-0123456789abcdefghij'];
    const put = { SecretId: process.env[environment.webhookKeySecretId], SecretString: next };
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      await new SecretsManagerClient().send(new PutSecretValueCommand(put));
      const putAtMs = Date.now();
      for (const [minutes, statuses] of [
        [16, [200, 200]],
        [72 * 60 - 1, [200, 200]],
        [72 * 60 + 1, [403, 200]],
      ] as const) {
        vi.setSystemTime(putAtMs + minutes * 60_000);
        const answers = [];
        for (const by of [key, next]) answers.push((await deliver(usual, { signature: sign(usual, by) })).status);
        expect(answers).toEqual(statuses);
      }
    } finally {
      vi.useRealTimers();
    }
  });

  test('without a header is asked for one', async () => {
    const answer = await world.send(
      webhook,
      gatewayEvent({ method: 'POST', path: '/api/webhook-events', body: usual }),
    );
    expect([answer.status, answer.json['code']]).toEqual([401, 'signature_required']);
  });
});
