import type { Extension } from '../config.ts';
import type { Deadline } from '../http/http-client.ts';
import { type ConfirmUninstallDependencies, confirmUninstall } from '../install/confirm-uninstall.ts';
import { AppError } from '../problems.ts';
import type { OfflineGrant, OfflineGrants } from '../store/offline-grants.ts';
import type { WorkQueue } from '../store/work-queue.ts';
import { announcementOf, lifecycleMessage, type UninstallMessage, uninstallMessage } from './messages.ts';

export interface ProcessUninstallDependencies extends Omit<ConfirmUninstallDependencies, 'cluster'> {
  readonly extension: Pick<Extension, 'cluster' | 'hooks'>;
  readonly grants: Pick<OfflineGrants, 'find' | 'uninstall' | 'recordUninstallAsked'>;
  readonly queue: Pick<WorkQueue, 'send'>;
}

/** It is too early for a message: the queue is to bring it again after so long. */
export interface Postponed {
  readonly againInSeconds: number;
}

/** How often the platform is asked at first: it may say that a company uninstalled before it revokes the grant. */
const maxAttempts = 4;
/** Longer than those askings take together: an asking settles what was said that long before it. */
const settleMs = 180_000;
/** After an asking that confirmed nothing, whoever proves nothing makes nobody ask for so long. */
const quietMs = 3_600_000;
/** An access token that lives longer than this is asked about no later. */
const maxOnceMoreMs = 86_400_000;

/**
 * Ends an installation once that is confirmed, and has the author's hook told. What is not confirmed is asked about
 * once more when the access token that answered has ended; only then is it dropped.
 *
 * What proves nothing and comes while another is asked about, or within the hour after that, is asked about at that
 * hour's end: so that forged calls cost half a dozen askings an hour, and none of them swallows a true one.
 * @param attempt how often the queue brought the message, from 1.
 * @throws {AppError} `platform_error` where it is to be asked again a little later.
 */
export async function processUninstall(
  deps: ProcessUninstallDependencies,
  message: UninstallMessage,
  attempt: number,
  deadline: Deadline,
): Promise<'uninstalled' | 'unconfirmed' | 'not_installed' | 'outdated' | 'postponed' | Postponed> {
  const { grants, queue, now } = deps;
  const { tenant, signedAtMs, isSigned = false, onceMore } = message;
  const nowMs = now().getTime();
  const grant = await grants.find(tenant);
  if (grant === undefined || grant.status === 'uninstalled') return await tellIfUntold(deps, grant);
  if (onceMore !== undefined && onceMore.generation !== grant.generation) return 'outdated';
  const due = dueOf(message, grant, nowMs);
  if (due === 'settled') return 'unconfirmed';
  if (due.fromMs > nowMs) {
    if (attempt < maxAttempts) return { againInSeconds: Math.ceil((due.fromMs - nowMs) / 1000) };
    // Brought again earlier than it was asked for, it would be a dead letter before its time.
    await queue.send([uninstallMessage(message)]);
    return 'postponed';
  }

  const hasLiveToken = grant.accessTokenExpiresAt * 1000 > nowMs;
  const triesRefresh = isSigned || (onceMore !== undefined && hasLiveToken);
  const cluster = deps.extension.cluster;
  const result = await confirmUninstall({ ...deps, cluster }, grant, { signedAtMs, triesRefresh }, deadline);
  if (result.outcome === 'uninstalled') {
    const { generation, confirmedBy } = result;
    await queue.send([lifecycleMessage({ tenant, hook: 'uninstalled', generation, scopes: [], confirmedBy })]);
    return 'uninstalled';
  }
  if (result.outcome === 'not_installed') return await tellIfUntold(deps, await grants.find(tenant));
  if (onceMore !== undefined || grant.sealedToken === undefined) return 'unconfirmed';
  if (!due.isOnlyAsking && attempt < maxAttempts) {
    throw new AppError('platform_error', 'The grant still works: asked again later.');
  }
  // As of now: the token may be another one than before.
  const asked = await grants.find(tenant);
  if (asked?.generation !== grant.generation) return 'outdated';
  const fromMs = Math.min(asked.accessTokenExpiresAt * 1000, nowMs + maxOnceMoreMs);
  await queue.send([uninstallMessage({ ...message, onceMore: { generation: grant.generation, fromMs } })]);
  if (due.beginsQuiet) await grants.recordUninstallAsked(grant, now());
  return 'unconfirmed';
}

interface Due {
  /** Epoch milliseconds before which nobody asks. */
  readonly fromMs: number;
  /** It is asked about once and not a few times. */
  readonly isOnlyAsking: boolean;
  /** Whoever proves nothing is to be quiet after it. */
  readonly beginsQuiet: boolean;
}

/** When and how a message is asked about. `settled`: an asking that came after it has answered it. */
function dueOf(message: UninstallMessage, grant: OfflineGrant, nowMs: number): Due | 'settled' {
  const { receivedAtMs, isSigned = false, onceMore } = message;
  if (onceMore !== undefined) return { fromMs: onceMore.fromMs, isOnlyAsking: true, beginsQuiet: false };
  if (isSigned) return { fromMs: 0, isOnlyAsking: false, beginsQuiet: false };
  // About an earlier installation, by all clocks: it is not to hold up what is said of this one.
  const isEarlier = receivedAtMs < grant.installedAtMs && grant.installedAtMs <= nowMs;
  if (isEarlier) return { fromMs: 0, isOnlyAsking: true, beginsQuiet: false };
  const { uninstallAskedAtMs: askedAtMs } = grant;
  const isQuiet = askedAtMs > grant.installedAtMs && receivedAtMs < askedAtMs + quietMs;
  if (!isQuiet) return { fromMs: 0, isOnlyAsking: false, beginsQuiet: true };
  if (receivedAtMs + settleMs <= askedAtMs) return 'settled';
  const fromMs = Math.max(askedAtMs + quietMs, receivedAtMs + settleMs);
  return { fromMs, isOnlyAsking: true, beginsQuiet: true };
}

/** The installation may have ended, with a crash before its hook was queued. */
async function tellIfUntold(
  { queue, extension }: ProcessUninstallDependencies,
  grant: OfflineGrant | undefined,
): Promise<'uninstalled' | 'not_installed'> {
  if (grant?.status !== 'uninstalled' || extension.hooks.uninstalled === undefined) return 'not_installed';
  const { tenant, generation, announced } = grant;
  if (announced === announcementOf(generation, [])) return 'not_installed';
  await queue.send([lifecycleMessage({ tenant, hook: 'uninstalled', generation, scopes: [] })]);
  return 'uninstalled';
}
