import { webhookKid } from '../../../shared/fynd/webhook-secret.ts';
import type { HeldData } from '../../../shared/store/held-data.ts';

/** Whose webhooks the platform signs with which key. */
export interface RegisteredCompanies {
  readonly underCurrent: number;
  /** The worker registers them when the sweep comes. */
  readonly behind: number;
  /** Their grant no longer works, or they are blocked: they are registered when somebody opens the extension, or by the sweep. */
  readonly withoutGrant: number;
}

/** As the rows note it, under this webhook key. */
export async function countRegistered(
  held: Pick<HeldData, 'installations'>,
  webhookKey: string,
): Promise<RegisteredCompanies> {
  const kid = webhookKid(webhookKey);
  const counts = { underCurrent: 0, behind: 0, withoutGrant: 0 };
  for await (const { tenant, attributes } of held.installations()) {
    const { status, registered, blockedAtMs } = attributes;
    if (tenant.kind !== 'company' || status === 'uninstalled') continue;
    if (String(registered).split(' ')[1] === kid) counts.underCurrent += 1;
    else if (status === 'installed' && blockedAtMs === undefined) counts.behind += 1;
    else if (registered !== undefined) counts.withoutGrant += 1;
  }
  return counts;
}
