import { expect, test } from 'vitest';
import { handler } from '../../functions/healthz.ts';

test('the health check answers without any setting, secret or table', async () => {
  expect(await handler()).toMatchObject({
    statusCode: 200,
    headers: { 'strict-transport-security': expect.any(String), 'cache-control': 'no-store' },
    body: '{"ok":true}',
  });
});
