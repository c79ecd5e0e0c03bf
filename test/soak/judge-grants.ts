import { createHash } from 'node:crypto';
import type { Ending } from './ending.ts';
import { type Evidence, isAnswered, type SeenRequest, tookEffect } from './evidence.ts';
import { byCompany, type Rule, type Violation } from './rules.ts';

/** A grant that ended because one refresh token was used twice. */
export interface LostGrant {
  readonly company: string;
  /** The refresh that took effect. */
  readonly first: SeenRequest;
  /** The one that ended the family. */
  readonly second: SeenRequest;
  /** `killed`: between the platform's answer and the write. `answer lost`: by the platform. */
  readonly cause: 'killed' | 'answer lost' | undefined;
}

/** Longer than a refresh is waited for. */
const callMs = 8_000;
/** A request may be on its way when its sender is killed, and is seen a moment later. */
const slackMs = 1_000;

/** Every grant that was lost, and why. */
export function lostGrants(evidence: Evidence): LostGrant[] {
  const refreshes = evidence.requests.filter(({ refreshToken, record }) => refreshToken && tookEffect(record));
  return [...Map.groupBy(refreshes, ({ refreshToken }) => refreshToken).values()].flatMap((uses) => {
    const [first, second] = uses.filter(
      ({ record }) => record.grant?.mode === 'offline' && record.grant.ended === null,
    );
    if (first === undefined || second === undefined) return [];
    return [{ company: first.company, first, second, cause: causeOf(evidence, first, second) }];
  });
}

function causeOf({ kills, writes }: Evidence, first: SeenRequest, second: SeenRequest): LostGrant['cause'] {
  const { company, at } = first;
  const isLate = (first.record.fault?.delay_ms ?? 0) >= callMs;
  if (!isAnswered(first.record) && first.record.fault !== undefined) return 'answer lost';
  if (isLate) return 'answer lost';
  const written = writes.some(
    (write) => write.company === company && write.what === 'renew' && write.at >= at && write.at <= second.at,
  );
  const killed = kills.some((kill) => kill.company === company && kill.at >= at - slackMs && kill.at <= second.at);
  return killed && !written ? 'killed' : undefined;
}

/** No grant is lost but in the one window; each lost one is noted and mended; both sides agree on who is installed. */
export function judgeGrants(evidence: Evidence, ending: Ending): Rule[] {
  const lost = lostGrants(evidence);
  return [
    {
      claim: 'no grant is lost, but by a crash between the platform’s answer to a refresh and the write',
      violations: lost.filter(({ cause }) => cause === undefined).map(unexplained),
    },
    { claim: 'only what the platform refused is marked `reauthorize`', violations: wronglyMarked(evidence) },
    { claim: 'each lost grant is marked `reauthorize`, and a launch mends it', violations: notMended(ending) },
    {
      claim: 'who is installed at the platform is installed here, and who is not is not',
      violations: disagreeing(evidence, ending),
    },
    { claim: 'no token of an uninstalled company is used', violations: usedTokens(evidence) },
  ];
}

function unexplained({ company, first, second }: LostGrant): Violation {
  const digest = createHash('sha256')
    .update(first.refreshToken ?? '')
    .digest('hex')
    .slice(0, 6);
  const apart = second.at - first.at;
  return {
    company,
    at: second.at,
    what: `refresh token ${digest} was used again after ${apart} ms, and no crash explains it`,
  };
}

/** From the refusal to the note of it. */
const markMs = 15_000;

function wronglyMarked({ requests, writes }: Evidence): Violation[] {
  const refusals = byCompany(
    requests.filter(({ refreshToken, record }) => refreshToken && record.status === 400 && isAnswered(record)),
  );
  return writes
    .filter(({ what }) => what === 'reauthorize')
    .filter(({ company, at }) => !refusals.get(company)?.some((one) => one.at <= at && one.at >= at - markMs))
    .map(({ company, at }) => ({
      company,
      at,
      what: 'marked, although the platform had not refused its refresh token',
    }));
}

function notMended({ rowsBefore, platformBefore, rows, platform, probes, mended }: Ending): Violation[] {
  const unnoticed = [...rowsBefore]
    .filter(([company, { status }]) => status === 'installed' && platformBefore.get(company)?.works === false)
    .map(([company]) => ({ company, what: 'its grant is gone, and its row still says installed' }));
  const broken = mended
    .filter((company) => platform.get(company)?.works !== true || rows.get(company)?.status !== 'installed')
    .map((company) => ({ company, what: `after a launch its row says ${rows.get(company)?.status ?? 'nothing'}` }));
  const untouched = probes.length === 0 ? [{ what: 'no event was sent after the mending' }] : [];
  return [...unnoticed, ...broken, ...untouched];
}

function disagreeing(
  { deeds }: Evidence,
  { rowsBefore, platformBefore, subscribed, rows, platform }: Ending,
): Violation[] {
  const violations: Violation[] = [];
  for (const [company, { works }] of platformBefore) {
    const status = rowsBefore.get(company)?.status;
    const last = deeds.findLast((deed) => deed.company === company);
    const where = { company, at: last?.at ?? 0 };
    if (works === true && status !== 'installed') {
      violations.push({ ...where, what: `its grant works at the platform, and its row says ${status ?? 'nothing'}` });
    }
    if (works === undefined && last?.what === 'uninstall told' && status !== 'uninstalled') {
      violations.push({ ...where, what: `its uninstall was told of, and its row says ${status ?? 'nothing'}` });
    }
  }
  for (const [company, { status }] of rows) {
    if (status === 'installed' && platform.get(company)?.works === true && !subscribed.has(company)) {
      violations.push({ company, what: 'is installed, and the platform has no active subscriber for its events' });
    }
  }
  return violations;
}

/** A call may be waiting for its second try, as long as the longest `Retry-After` and then some. */
const lastCallsMs = 5_000;

function usedTokens({ requests, lines, deeds }: Evidence): Violation[] {
  // From when on the extension knows: it has noted the uninstall, or has installed the company again.
  const known = byCompany([
    ...lines
      .filter(({ fields }) => fields['kind'] === 'uninstall' && fields['outcome'] === 'uninstalled')
      .map(({ at, fields }) => ({ company: String(fields['company_id']), at })),
    ...deeds
      .filter(({ what, until }) => (what === 'install' || what === 'auto-install') && until < Infinity)
      .map(({ company, until }) => ({ company, at: until })),
  ]);
  return requests.flatMap(({ company, at, path, record }) => {
    const { ended, mode } = record.grant ?? {};
    if (mode !== 'offline' || ended?.by !== 'uninstall') return [];
    const since = known.get(company)?.find((one) => one.at >= ended.at && one.at < at - lastCallsMs);
    if (since === undefined) return [];
    return [
      {
        company,
        at,
        what: `${path} was called with a token whose company was known to be gone for ${at - since.at} ms`,
      },
    ];
  });
}
