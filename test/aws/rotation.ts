import { setTimeout as wait } from 'node:timers/promises';
import type { Emulator } from '../../infra/emulator/emulator.ts';
import { check } from '../../infra/emulator/failure.ts';
import { nextStage } from '../../shared/contract.ts';
import { Browser } from '../flow/browser.ts';
import { PlatformControl } from '../flow/platform-control.ts';
import type { World } from '../start-world.ts';
import type { Resources } from './check-resources.ts';
import type { Operator } from './operations.ts';

const company = 70;
const products = `/api/platform/catalog/v2.0/company/${company}/products/`;
const uid = 7_500_000 + company * 1_000;
const patienceMs = 60_000;

/** Rotates keys while people work and sign in, stops background work and lets it go on, and keeps a company out. */
export async function rotateUnderLoad(
  operator: Operator,
  world: World,
  { aws }: Emulator,
  resources: Resources,
): Promise<void> {
  const platform = new PlatformControl(world);
  const browser = new Browser(world);
  check((await browser.signIn(company)).status === 302, 'Nobody can sign in.');
  const ending = new AbortController();
  const traffic = startTraffic(world, browser, ending.signal);
  /** New instances, as fifteen minutes do it. */
  const startAnew = async (round: string) => {
    for (const [, FunctionName] of resources.ofType('AWS::Lambda::Function')) {
      await aws.ask('lambda', 'UpdateFunctionConfiguration', { FunctionName, Description: `started anew ${round}` });
    }
  };
  /** The emulator leaves a label on the version that had it before, where AWS moves it. */
  const moveLabel = async (key: string) => {
    const start = { session: 'SecretsSessionKey', token: 'SecretsTokenKey', webhook: 'SecretsWebhookKey' }[key] ?? key;
    const [, SecretId] = resources.ofType('AWS::SecretsManager::Secret').find(([name]) => name.startsWith(start)) ?? [];
    const asked = await aws.ask('secretsmanager', 'ListSecretVersionIds', { SecretId });
    const { Versions = [] } = asked as {
      Versions?: readonly { VersionId: string; VersionStages?: readonly string[] }[];
    };
    for (const { VersionId, VersionStages = [] } of Versions) {
      const isLabelled = VersionStages.includes(nextStage);
      const VersionStage = nextStage;
      const moved = { SecretId, VersionStage, RemoveFromVersionId: VersionId };
      if (isLabelled) await aws.ask('secretsmanager', 'UpdateSecretVersionStage', moved);
    }
  };
  for (const [index, key] of ['session', 'token', 'token', 'webhook'].entries()) {
    await moveLabel(key);
    await operator.succeed('rotate', [key, 'begin']);
    await operator.succeed('rotate', [key, 'next'], 2);
    await startAnew(`${index} announced`);
    await operator.succeed('rotate', [key, 'next', '--settled']);
    await startAnew(`${index} in use`);
    // Sessions live on, and events come late: the one before goes on counting, but for tokens.
    const isOver = key === 'token';
    await operator.succeed('rotate', [key, 'next', '--settled', '--wait', '0'], isOver ? 0 : 2);
  }
  await work(operator, platform);
  ending.abort();
  const { calls, signIns, failures } = await traffic;
  check(failures.length === 0, `Of ${calls + signIns} requests ${failures.length} failed.`, failures.join('\n'));
  console.log(`    ${calls} calls and ${signIns} sign-ins during four rotations and a stop: none failed`);

  const status = async () => (await browser.copy().fetch('/api/session')).status;
  await operator.succeed('companies', ['block', String(company), '--yes']);
  check((await status()) === 403, 'A company that is blocked is let in.');
  await operator.succeed('companies', ['unblock', String(company), '--yes']);
  check((await status()) === 200, 'A company that was let in again is refused.');
  await operator.succeed('companies', ['sign-out', String(company), '--yes']);
  check((await status()) === 401, 'A session that was ended works.');
}

async function work(operator: Operator, platform: PlatformControl): Promise<void> {
  await operator.succeed('work', ['stop', '--yes']);
  await platform.forgetRequests();
  await platform.event(company, { event: 'company/product/update/v1', payload: { product: { uid } } });
  const handled = async () =>
    (await platform.requests(`/service/platform/catalog/v2.0/company/${company}/products/${uid}/`)).length;
  await wait(3_000);
  check((await handled()) === 0, 'Work that is stopped goes on.');
  await operator.succeed('work', ['resume']);
  for (const endsAtMs = Date.now() + patienceMs; (await handled()) === 0 && Date.now() < endsAtMs; ) await wait(500);
  check((await handled()) === 1, 'What came while work was stopped was not handled once.');
}

async function startTraffic(world: World, browser: Browser, signal: AbortSignal) {
  const counts = { calls: 0, signIns: 0, failures: [] as string[] };
  const loop = async (kind: 'calls' | 'signIns', act: () => Promise<number>) => {
    while (!signal.aborted) {
      const status = await act().catch((error: unknown) => String(error));
      counts[kind] += 1;
      if (status !== 200) counts.failures.push(`${kind}: ${status}`);
      await wait(100);
    }
  };
  await Promise.all([
    loop('calls', async () => (await browser.fetch(products)).status),
    loop('signIns', async () => {
      const another = new Browser(world);
      const { status } = await another.signIn(company);
      return status === 302 ? (await another.fetch('/api/session')).status : status;
    }),
  ]);
  return counts;
}
