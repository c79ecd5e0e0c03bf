import type { Evidence } from './evidence.ts';
import type { Violation } from './rules.ts';

const before = 12;
const after = 4;

/** What happened to the company around that moment, one line each; no line holds a secret. */
export function timeline(evidence: Evidence, { company, at = Date.now() }: Violation): string[] {
  if (company === undefined) return [];
  const { requests, events, deeds, kills, writes, lines, startedAt } = evidence;
  const of = <T extends { readonly company: string | undefined }>(all: readonly T[]) =>
    all.filter((one) => one.company === company);
  const entries: (readonly [at: number, text: string])[] = [
    ...of(requests).map(({ at, path, record: { method, status, grant, fault } }) => {
      const whose = grant ? ` with grant ${grant.id}${grant.ended ? ` (ended by ${grant.ended.by})` : ''}` : '';
      const trouble = fault ? ` [${JSON.stringify({ ...fault, body: undefined })}]` : '';
      return [at, `platform  ${method} ${path} ${status ?? '…'}${whose}${trouble}`] as const;
    }),
    ...of(events).flatMap(({ seq, sentAt, acceptedAt }) => [
      [sentAt, `event     ${seq} sent`] as const,
      ...(acceptedAt === undefined ? [] : [[acceptedAt, `event     ${seq} taken with 200`] as const]),
    ]),
    ...of(deeds).flatMap(({ at, until, what, answer }) => [
      [at, `company   ${what} begins`] as const,
      ...(until === Infinity ? [] : [[until, `company   ${what} is done${answer ? `, ${answer}` : ''}`] as const]),
    ]),
    ...of(kills).map(({ at, functionName }) => [at, `kill      ${functionName}, in the middle of this`] as const),
    ...of(writes).map(({ at, what }) => [at, `table     ${what} asked for`] as const),
    ...lines
      .filter(({ fields }) => fields['company_id'] === company)
      .map(({ at, source, fields }) => [at, `log       ${source} ${brief(fields)}`] as const),
  ];
  const sorted = entries.toSorted(([one], [other]) => one - other);
  const index = sorted.findLastIndex(([when]) => when <= at);
  return sorted
    .slice(Math.max(0, index - before), index + after)
    .map(([when, text]) => `${((when - startedAt) / 1000).toFixed(3).padStart(8)} s  ${text}`);
}

const told = ['kind', 'attempt', 'outcome', 'code', 'error', 'detail', 'message', 'generation', 'confirmedBy'];

function brief(fields: Readonly<Record<string, unknown>>): string {
  return told
    .flatMap((name) => (fields[name] === undefined ? [] : [`${name}=${JSON.stringify(fields[name])}`]))
    .join(' ');
}
