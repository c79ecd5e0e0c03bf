import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { expect, test } from 'vitest';
import { sweepSchedule } from '../../../shared/contract.ts';
import { Browser } from '../../flow/browser.ts';
import { PlatformControl } from '../../flow/platform-control.ts';
import { type LocalWorld, startWorld } from '../../start-world.ts';
import { clientOf } from './fixture/queues.ts';
import { temporaryDirectory } from './fixture/start-fixture.ts';

test('a sweep registers who installed before there were events, and again once the webhook key is another', async () => {
  using data = temporaryDirectory();
  let running = await startWorld({
    dataDir: data.path,
    configFile: 'test/infra/local/more-scopes.extension.config.ts',
  });
  const port = Number(new URL(running.world.baseUrl).port);
  const control = new PlatformControl(running.world);
  const restart = async () => {
    await running.extension.close();
    running = await startWorld({ dataDir: data.path, port, platform: running.platform });
  };
  const swept = async ({ extension }: LocalWorld) => {
    await extension.runSchedule(sweepSchedule);
    await extension.idle();
    const [subscriber] = await control.subscribers(1);
    return (subscriber?.['auth_meta'] as { secret: string } | undefined)?.secret;
  };
  try {
    await new Browser(running.world).signIn(1);
    expect(await swept(running)).toBeUndefined();
    await restart();
    const first = await swept(running);
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    await control.forgetRequests();
    expect(await swept(running)).toBe(first);
    const asked = await control.requests('/service/platform/webhook/');
    expect(asked.map(({ method }) => method)).toEqual(['GET']);

    await rotateWebhookKey(running);
    // An instance holds the key for minutes.
    await restart();
    const second = await swept(running);
    expect(second).toMatch(/^[0-9a-f]{64}$/);
    expect(second).not.toBe(first);
    for (const secret of [first, second]) {
      await control.event(1, { event: 'company/product/update/v1', secret });
    }
    await expect.poll(async () => statuses(control), { timeout: 10_000 }).toEqual([200, 200]);
  } finally {
    await running.close();
  }
});

async function rotateWebhookKey({ extension }: LocalWorld): Promise<void> {
  const client = new SecretsManagerClient({ ...clientOf(extension), endpoint: extension.secretsEndpoint });
  const SecretId = extension.resourceNames['WEBHOOK_KEY_SECRET_ID'];
  await client.send(new PutSecretValueCommand({ SecretId, SecretString: 'CANARY-next-key-0123456789abcdefghij' }));
}

async function statuses(control: PlatformControl) {
  const deliveries = await control.deliveries({ company_id: '1' });
  return deliveries.map(({ attempts }) => attempts.at(-1)?.status);
}
