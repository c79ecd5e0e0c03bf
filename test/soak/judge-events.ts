import type { Ending } from './ending.ts';
import { type Deed, type Evidence, isAnswered, type SentEvent, type Sign } from './evidence.ts';
import { byCompany, type Rule, type Violation } from './rules.ts';

/** One run of a handler, as the platform saw it. */
interface Run {
  readonly company: string;
  readonly what: string;
  readonly from: number;
  /** When its last call came; it may have gone on for a moment. */
  readonly until: number;
  /** Its handler had the answer to its last call: nothing was left to be done. */
  readonly finished: boolean;
}

/** No event is lost, none is handled beside another of its company, all come in order, none comes twice for nothing. */
export function judgeEvents(evidence: Evidence, ending: Ending): Rule[] {
  const runs = byCompany(readRuns(evidence.signs));
  const events = byCompany(evidence.events);
  const deeds = byCompany(changesOf(evidence));
  const found = [...events].map(([company, sent]) => {
    const theirs = { company, sent, runs: runs.get(company) ?? [], deeds: deeds.get(company) ?? [] };
    return { lost: lost(theirs, ending), late: outOfOrder(theirs, ending), twice: twice(theirs, evidence) };
  });
  return [
    {
      claim: 'no event is lost: each was handled, or its company was uninstalled or installed since',
      violations: found.flatMap((one) => one.lost),
    },
    {
      claim: 'no event is handled beside another of its company',
      violations: [...runs.values()].flatMap(overlapping),
    },
    { claim: 'events are handled in order, company by company', violations: found.flatMap(({ late }) => late) },
    { claim: 'no event is handled again, but after a crash', violations: found.flatMap((one) => one.twice) },
  ];
}

interface Theirs {
  readonly company: string;
  readonly sent: readonly SentEvent[];
  readonly runs: readonly Run[];
  readonly deeds: readonly Deed[];
}

function readRuns(signs: readonly Sign[]): Run[] {
  return [...Map.groupBy(signs, ({ run }) => run).values()].map((calls) => {
    const { company = '', what = '', at: from = 0 } = calls[0] ?? {};
    const finished = calls.some(({ step, record }) => step === 'end' && record.status === 200 && isAnswered(record));
    return { company, what, from, until: calls.at(-1)?.at ?? from, finished };
  });
}

/** Deeds after which what waited is rightly dropped: a launch only where it mended something. */
function changesOf({ deeds, requests }: Evidence): Deed[] {
  const redeemed = byCompany(requests.filter(({ path }) => path.endsWith('/offline-token')));
  const mended = ({ company, at, until }: Deed) =>
    redeemed.get(company)?.some((request) => request.at >= at && request.at <= until) ?? false;
  return deeds.filter((deed) => deed.what !== 'uninstall told' && (deed.what !== 'launch' || mended(deed)));
}

function lost({ company, sent, runs, deeds }: Theirs, { deadEvents }: Ending): Violation[] {
  const handledAt = new Map<number, number>();
  for (const { what, until, finished } of runs) if (finished) handledAt.set(Number(what), until);
  const violations: Violation[] = [];
  for (const { seq, sentAt, acceptedAt } of sent) {
    if (acceptedAt === undefined || handledAt.has(seq)) continue;
    const isGone = deeds.findLast(({ at }) => at <= sentAt)?.what === 'uninstall';
    const excuse = isGone ? sentAt : deeds.find(({ until }) => until >= sentAt)?.at;
    const accepted = { company, at: acceptedAt };
    if (excuse === undefined) {
      violations.push({ ...accepted, what: `event ${seq} was taken with 200 and never handled` });
      continue;
    }
    if (deadEvents.has(seq)) continue;
    // A later one was handled before anything happened to the company: this one had had its turn.
    const later = sent.find(
      (other) => other.sentAt > acceptedAt && (handledAt.get(other.seq) ?? Infinity) < Math.max(excuse, sentAt),
    );
    if (later !== undefined) {
      violations.push({ ...accepted, what: `event ${seq} was taken and never handled, though event ${later.seq} was` });
    }
  }
  return violations;
}

function overlapping(runs: readonly Run[]): Violation[] {
  const sorted = runs.toSorted((one, other) => one.from - other.from);
  const violations: Violation[] = [];
  let last: Run | undefined;
  for (const run of sorted) {
    if (last !== undefined && run.from < last.until) {
      const what = `${run.what} began while ${last.what} was being handled (${last.until - run.from} ms before its end)`;
      violations.push({ company: run.company, at: run.from, what });
    }
    if (last === undefined || run.until > last.until) last = run;
  }
  return violations;
}

function outOfOrder({ company, sent, runs }: Theirs, { deadEvents }: Ending): Violation[] {
  const violations: Violation[] = [];
  const first = new Map<number, number>();
  const last = new Map<number, number>();
  for (const { what, from } of runs) {
    const seq = Number(what);
    first.set(seq, Math.min(from, first.get(seq) ?? Infinity));
    last.set(seq, Math.max(from, last.get(seq) ?? 0));
  }
  for (const { seq, acceptedAt = Infinity } of sent) {
    // A dead letter comes back when somebody sends it again, after those that did not wait for it.
    if (deadEvents.has(seq)) continue;
    for (const other of sent) {
      if (other.sentAt <= acceptedAt || (first.get(other.seq) ?? Infinity) >= (last.get(seq) ?? 0)) continue;
      const what = `event ${other.seq} was handled before event ${seq}, which had been taken before it was sent`;
      violations.push({ company, at: first.get(other.seq) ?? 0, what });
    }
  }
  return violations;
}

/** Time for a call that was on its way when its caller was killed. */
const slackMs = 1_000;

function twice({ company, runs }: Theirs, { kills }: Evidence): Violation[] {
  const violations: Violation[] = [];
  for (const run of runs.filter(({ finished }) => finished)) {
    const again = runs.find((other) => other.what === run.what && other.from > run.until);
    if (again === undefined) continue;
    const crashed = kills.some(
      (kill) => kill.company === company && kill.at >= run.until - slackMs && kill.at <= again.from,
    );
    if (!crashed) violations.push({ company, at: again.from, what: `${run.what} was handled again` });
  }
  return violations;
}
