import type { Extension } from '../../../shared/config.ts';
import type { HeldData } from '../../../shared/store/held-data.ts';
import { isSameTenant, type Tenant } from '../../../shared/tenant.ts';
import type { Outcome } from '../../commands/run-command.ts';
import { StartError } from '../../local/host/start-error.ts';
import type { OpenData } from '../open-data.ts';
import { describeStep } from '../rotate/describe-step.ts';
import { begin } from '../rotate/rotate-key.ts';

/** What is done at once where something is wrong with a company, or with all of them. */
export const emergencies = ['sign-out', 'block', 'unblock', 'drop-token'] as const;
export type Emergency = (typeof emergencies)[number];

export interface EmergencyOrder {
  readonly action: Emergency;
  /** Undefined: everybody. */
  readonly tenant: Tenant | undefined;
  readonly userId: string | undefined;
  readonly extension: Pick<Extension, 'events' | 'session' | 'webhooks'>;
  readonly now: () => Date;
  /** What leads another command to the same extension, as ` --stage prod`. */
  readonly same: string;
}

/** What that means, for whoever is asked whether to do it. */
export function consequence({ action, tenant, userId }: Pick<EmergencyOrder, 'action' | 'tenant' | 'userId'>): string {
  const owner = tenant === undefined ? 'everybody' : `${tenant.kind} ${tenant.id}`;
  switch (action) {
    case 'sign-out':
      return userId === undefined
        ? `This ends the sessions of ${owner}: people sign in again at their next click.`
        : `This ends the sessions of one person of ${owner}.`;
    case 'block':
      return `This keeps ${owner} out: people, storefronts and background work. Events that come meanwhile are dropped.`;
    case 'unblock':
      return `This lets ${owner} in again.`;
    case 'drop-token':
      return `This forgets the offline token of ${owner}: no event, schedule or storefront call is worked on until somebody opens the extension, which grants it again.`;
  }
}

/** Does it. @throws {StartError} where there is no such installation. */
export async function act(held: HeldData, data: OpenData, order: EmergencyOrder): Promise<Outcome> {
  const { action, tenant, userId, extension, now, same } = order;
  if (action === 'drop-token') return await dropTokens(held, tenant, now);
  if (tenant === undefined) {
    // Another key, and not a write for each company: it costs the same for one and for a million.
    const options = { isRead: false, evenUnregistered: false, waitMs: 0, onProgress: () => undefined };
    const step = await begin(data, { key: 'session', extension, isLeaked: true, now, ...options });
    return { data: step, text: describeStep(step, same) };
  }
  const owner = `${tenant.kind} ${tenant.id}`;
  if (action === 'sign-out' && userId !== undefined) {
    const row = await held.installation(tenant);
    if (row === undefined) throw unknown(owner, data);
    const untilSeconds = await held.endSessionsOf(tenant, userId, Number(row.attributes['generation']), now());
    const until = new Date(untilSeconds * 1000).toISOString();
    return {
      data: { tenant, userId, signedOut: true, until },
      text: `Every session of this person of ${owner} is over.`,
    };
  }
  const acts = {
    'sign-out': () => held.endSessions(tenant, now()),
    block: () => held.block(tenant, now()),
    unblock: () => held.unblock(tenant, now()),
  };
  if (!(await acts[action]())) throw unknown(owner, data);
  const texts = {
    'sign-out': `Every session of ${owner} is over.`,
    block: `${owner} is kept out, from its next request on: npm run companies -- unblock ${tenant.kind === 'company' ? '' : '--organization '}${tenant.id}${same} lets it in again.`,
    unblock: `${owner} may come in again.`,
  };
  return { data: { tenant, action, done: true }, text: texts[action] };
}

async function dropTokens(held: HeldData, tenant: Tenant | undefined, now: () => Date): Promise<Outcome> {
  let dropped = 0;
  for (let moved = 1; moved > 0; ) {
    moved = 0;
    for await (const token of held.tokens()) {
      if (tenant !== undefined && !isSameTenant(token.tenant, tenant)) continue;
      if (await held.dropToken(token, now())) dropped += 1;
      // Refreshed at this very moment: the next look finds the other one.
      else moved += 1;
    }
  }
  const text = `${dropped === 1 ? '1 offline token was' : `${dropped} offline tokens were`} dropped. The platform may still honour them: a grant ends there, or when somebody opens the extension and grants it again.`;
  return { data: { dropped }, text };
}

function unknown(owner: string, { where }: OpenData): StartError {
  return new StartError(
    `${where.replace(/^t/, 'T')} knows no ${owner}: it never installed, or was erased. Nothing was done.`,
  );
}
