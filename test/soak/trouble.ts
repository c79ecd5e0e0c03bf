import { setTimeout as wait } from 'node:timers/promises';
import type { Fault } from '../../infra/simulated-platform/interceptions.ts';
import type { Evidence } from './evidence.ts';
import type { Random } from './random.ts';
import type { SoakWorld } from './soak-world.ts';

interface Trouble {
  readonly weight: number;
  readonly match: { readonly path: string; readonly body_includes?: string };
  readonly fault: (random: Random) => Fault;
}

const tokenAddress = '^/service/panel/authentication/v1\\.0/company/\\d+/oauth/';
const refresh = { path: `${tokenAddress}token`, body_includes: 'grant_type=refresh_token' };
const code = { path: `${tokenAddress}(token|offline-token)`, body_includes: 'authorization_code' };
const api = { path: '^/service/platform/catalog/.*/__echo/' };
const webhooks = { path: '^/service/platform/webhook/' };
const probe = { path: '^/service/platform/company-profile/' };

const failing = (status: number) => () => ({ status, body: '{"message":"CANARY-fault"}' });
const busy = (status: number) => () => ({ status, body: '{}', headers: { 'retry-after': '1' } });
const slow = (least: number, most: number) => (random: Random) => ({ delay_ms: random.between(least, most) });

const troubles: readonly Trouble[] = [
  { weight: 10, match: api, fault: failing(500) },
  { weight: 10, match: api, fault: failing(503) },
  { weight: 10, match: api, fault: busy(429) },
  { weight: 3, match: api, fault: failing(401) },
  { weight: 12, match: api, fault: slow(100, 800) },
  { weight: 8, match: api, fault: () => ({ hang_up: 'before' }) },
  { weight: 8, match: api, fault: () => ({ hang_up: 'before', after_handling: true }) },
  { weight: 4, match: api, fault: () => ({ hang_up: 'mid-body' }) },
  { weight: 7, match: refresh, fault: failing(500) },
  { weight: 7, match: refresh, fault: busy(503) },
  { weight: 7, match: refresh, fault: busy(429) },
  { weight: 12, match: refresh, fault: slow(100, 800) },
  // Nobody can tell these from one that took effect: others wait for a whole lease.
  { weight: 0.6, match: refresh, fault: () => ({ hang_up: 'before' }) },
  // These took effect, and the answer with the only good refresh token is lost.
  { weight: 0.4, match: refresh, fault: () => ({ hang_up: 'before', after_handling: true }) },
  { weight: 0.4, match: refresh, fault: () => ({ hang_up: 'mid-body' }) },
  { weight: 0.4, match: refresh, fault: () => ({ status: 502, body: '', after_handling: true }) },
  { weight: 2, match: code, fault: failing(500) },
  { weight: 2, match: code, fault: () => ({ hang_up: 'before', after_handling: true }) },
  { weight: 2, match: webhooks, fault: failing(500) },
  { weight: 2, match: webhooks, fault: () => ({ hang_up: 'before', after_handling: true }) },
  { weight: 2, match: probe, fault: failing(500) },
  { weight: 2, match: probe, fault: () => ({ hang_up: 'before' }) },
];

/** Lets the platform misbehave, one request at a time, until `signal`. Answers how often. */
export async function misbehave({ control }: SoakWorld, random: Random, signal: AbortSignal): Promise<number> {
  let count = 0;
  while (await pause(random.between(150, 500), signal)) {
    const { match, fault } = random.weighted(troubles);
    await control.fault(match, fault(random), 1);
    count += 1;
  }
  await control.clearFaults();
  return count;
}

const victims = [
  { weight: 80, name: 'Worker' },
  { weight: 10, name: 'Webhook' },
  { weight: 4, name: 'Callback' },
  { weight: 3, name: 'AutoInstall' },
  { weight: 3, name: 'Uninstall' },
];

/** Kills instances in the middle of their work, until `signal`. */
export async function kill(
  { extension }: SoakWorld,
  evidence: Evidence,
  random: Random,
  signal: AbortSignal,
): Promise<void> {
  while (await pause(random.between(800, 2_400), signal)) {
    const { name } = random.weighted(victims);
    const which = random.next();
    // Soon there is one that has something to do; some functions seldom have.
    for (let tries = 0; tries < 50; tries += 1) {
      const at = Date.now();
      const event = extension.killInstance(name, which);
      if (event !== undefined) {
        evidence.kills.push({ at, functionName: name, company: companyOf(event) });
        break;
      }
      if (!(await pause(10, signal))) break;
    }
  }
}

/** False once it is over. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  return await wait(milliseconds, true, { signal }).catch(() => false);
}

/** Out of a queue's event, or a request's query or body. */
function companyOf(event: string): string | undefined {
  const { Records: records } = JSON.parse(event) as { Records?: { attributes: { MessageGroupId?: string } }[] };
  return records?.[0]?.attributes.MessageGroupId?.split('#')[1] ?? /company_id[^\d]{1,8}(\d+)/.exec(event)?.[1];
}
