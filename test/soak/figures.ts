import type { Ending } from './ending.ts';
import type { Evidence, LogLine } from './evidence.ts';
import { lostGrants } from './judge-grants.ts';

export interface Phase {
  readonly from: number;
  readonly until: number;
}

/** What the run came to, in lines of a table. */
export function figures(evidence: Evidence, ending: Ending, storm: Phase & { faults: number }): string[] {
  const { events, requests, kills, lines, deeds, writes } = evidence;
  const { calm, oneByOne } = ending;
  const seconds = (storm.until - storm.from) / 1_000;
  const during = <T extends { readonly at: number }>(all: readonly T[], { from, until }: Phase) =>
    all.filter(({ at }) => at >= from && at <= until);
  const handled = lines.filter(({ fields }) => fields['kind'] === 'webhook' && fields['outcome'] === 'handled');
  const hooks = lines.filter(
    ({ fields }) => fields['route'] === 'POST /api/webhook-events' && fields['status'] === 200,
  );
  const taken = events.filter(({ acceptedAt }) => acceptedAt !== undefined);
  const dropped = lines.filter(({ fields }) => ['outdated', 'not_installed'].includes(String(fields['outcome'])));
  const refreshes = requests.filter(({ refreshToken }) => refreshToken !== undefined);
  const lost = lostGrants(evidence);
  const count = (what: string) => deeds.filter((deed) => deed.what === what).length;
  const killedBy = Map.groupBy(kills, ({ functionName }) => functionName);
  const mistaken = ending.mended.filter((company) => ending.rowsBefore.get(company)?.status === 'uninstalled').length;
  const rate = (all: number, over: number) => (all / Math.max(over, 0.001)).toFixed(1);
  return [
    `events      ${taken.length} taken with 200, ${handled.length} handled, ${dropped.length} messages dropped for companies that were gone or new`,
    `storm       ${rate(during(hooks, storm).length, seconds)} events/s through the webhook route, ${rate(during(handled, storm).length, seconds)} events/s through the worker`,
    `calm        ${rate(calm.events, (calm.until - calm.from) / 1_000)} events/s through both; one instance alone: ${alone(during(hooks, oneByOne))} events/s in the webhook route, ${alone(during(handled, oneByOne))} in the worker`,
    `DynamoDB    ${(calm.dynamoDbCalls / Math.max(1, calm.events)).toFixed(2)} calls per event`,
    `refreshes   ${refreshes.length} asked of the platform, ${refreshes.filter(({ record }) => record.status === 200).length} answered with 200`,
    `companies   ${count('uninstall')} uninstalls, ${count('install') + count('auto-install')} installs, ${count('launch')} launches`,
    `trouble     ${storm.faults} faults of the platform; ${kills.length} kills: ${[...killedBy].map(([name, all]) => `${all.length} ${name}`).join(', ')}`,
    `grants      ${lost.length} lost: ${lost.filter(({ cause }) => cause === 'killed').length} killed in the window, ${lost.filter(({ cause }) => cause === 'answer lost').length} whose answer the platform lost`,
    `reauthorize ${writes.filter(({ what }) => what === 'reauthorize').length} times; ${ending.mended.length} companies mended in the end, ${mistaken} of which had been taken for uninstalled after a late call`,
    `letters     ${ending.deadLetters} dead ones sent again, ${ending.deadEvents.size} of them events`,
  ];
}

/** Per second, from the time that each took by itself. */
function alone(lines: readonly LogLine[]): string {
  const spentMs = lines.reduce((sum, { fields }) => sum + Number(fields['duration_ms']), 0);
  return ((lines.length * 1_000) / Math.max(1, spentMs)).toFixed(0);
}
