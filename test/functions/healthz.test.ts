import { expect, test } from 'vitest';
import { handler } from '../../functions/healthz.ts';
import { gatewayEvent } from './fixture/event.ts';

test('the health check answers without any setting, secret or table', async () => {
  expect(await handler(gatewayEvent({ path: '/_healthz' }))).toMatchObject({
    statusCode: 200,
    headers: { 'strict-transport-security': expect.any(String), 'cache-control': 'no-store' },
    body: '{"ok":true}',
  });
});

test('and without a body where none is asked for', async () => {
  expect(await handler(gatewayEvent({ method: 'HEAD', path: '/_healthz' }))).not.toHaveProperty('body');
});
