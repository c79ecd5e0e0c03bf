import type { Action, Count } from './count.ts';
import type { Prices } from './prices.ts';

/** What an average company does in a day. Assumed: of many that are installed few are open each day. */
const daily: Readonly<Record<Action, number>> = {
  'a call, from the cache': 28,
  'a call, fetched and kept': 10,
  'a call that writes': 2,
  'a page, or /api/session': 8,
  'a sign-in': 1,
  // A twentieth of all in a month.
  'a first installation': 0.05 / 30,
  'an event': 20,
  'a scheduled run, of a company': 1,
  'a sweep, of a company': 4,
};
const daysOfMonth = 30;
const secondsOfDay = 86_400;
/** The busiest minute of the day against the mean. Assumed. */
const peak = 4;

/** Assumed of AWS: what a call takes there, and how much slower 1 GB of Lambda is than a core of this machine. */
const assumed = { databaseMs: 4, platformMs: 80, slower: 1.7 } as const;

/** Lines that Lambda writes itself (START, END, REPORT with its trace), and a line of the access log. Assumed. */
const bytesOfInvocation = 470;
const bytesOfAccess = 480;
/** What a request sends to a browser. Assumed. */
const bytesOfAnswer = 3_000;
/** Of all, but for the first in each second: X-Ray's default. */
const traced = 0.05;
const tracesOfMonth = daysOfMonth * secondsOfDay;
/** Of an instance: three secrets, each read again after five minutes. */
const secretCallsOfMonth = 3 * 12 * 24 * daysOfMonth;
/** Lambda asks an idle queue five times in twenty seconds. Assumed. */
const idleReceivesOfMonth = 5 * 3 * 60 * 24 * daysOfMonth;
const gigabyte = 2 ** 30;

/** How long Lambda is paid for, and occupied: an estimate. */
export function lambdaMs({ localMs, databaseCalls, platformCalls }: Count): number {
  return assumed.slower * localMs + assumed.databaseMs * databaseCalls + assumed.platformMs * platformCalls;
}

/** What something costs once, in dollars, by service. What is paid by the month is not in it. */
export function costOf(count: Count, prices: Prices): Record<string, number> {
  const logged =
    count.logBytes + count.invocations * bytesOfInvocation + (count.requests > 0 ? count.requests * bytesOfAccess : 0);
  return {
    'API Gateway': count.requests * prices.httpApiRequest,
    Lambda: count.invocations * prices.lambdaRequest + (lambdaMs(count) / 1_000) * prices.lambdaGigabyteSecond,
    DynamoDB: count.readUnits * prices.readUnit + count.writeUnits * prices.writeUnit,
    // Sent, received and deleted, each by itself.
    SQS: 3 * count.messages * prices.fifoRequest,
    'CloudWatch Logs': (logged / gigabyte) * (prices.logGigabyte + prices.logGigabyteMonth),
    'X-Ray': traced * count.invocations * prices.traceRecorded,
    'data to browsers': ((count.requests * bytesOfAnswer) / gigabyte) * prices.transferGigabyte,
  };
}

export interface Fixed {
  readonly secrets: number;
  readonly keys: number;
  readonly alarms: number;
  readonly metrics: number;
  readonly dashboards: number;
  readonly functions: number;
}

type Counts = Readonly<Record<Action, Count>>;

/** What all of a company's day adds up to. */
function dayOf(counts: Counts): Count {
  const sum: Record<string, number> = {};
  for (const [action, times] of Object.entries(daily)) {
    for (const [name, value] of Object.entries(counts[action as Action])) sum[name] = (sum[name] ?? 0) + times * value;
  }
  return sum as unknown as Count;
}

/** A month of so many companies, in dollars, by service. */
export function monthOf(companies: number, counts: Counts, fixed: Fixed, prices: Prices): Record<string, number> {
  const day = dayOf(counts);
  const runs = companies * daysOfMonth;
  const cost = Object.fromEntries(Object.entries(costOf(day, prices)).map(([name, each]) => [name, each * runs]));
  const invocations = day.invocations * runs;
  const instances = Math.max(fixed.functions / 2, 3 * atOnce(companies, counts));
  const stored = companies * (1_500 + 31 * daily['an event'] * 250 + 3 * 10_000);
  // A pair of a role and the table asks for the table's key each five minutes.
  const keyCalls = instances * secretCallsOfMonth + fixed.functions * 12 * 24 * daysOfMonth;
  return {
    ...cost,
    'X-Ray':
      (Math.min(invocations, tracesOfMonth) + traced * Math.max(0, invocations - tracesOfMonth)) * prices.traceRecorded,
    SQS: (cost['SQS'] ?? 0) + idleReceivesOfMonth * prices.fifoRequest,
    'DynamoDB, kept and recoverable': (stored / gigabyte) * (prices.tableGigabyteMonth + prices.recoveryGigabyteMonth),
    'Secrets Manager': fixed.secrets * prices.secretMonth + instances * secretCallsOfMonth * prices.secretCall,
    KMS: fixed.keys * prices.keyMonth + keyCalls * prices.keyCall,
    'metrics, alarms, dashboard':
      fixed.metrics * prices.metricMonth + fixed.alarms * prices.alarmMonth + fixed.dashboards * prices.dashboardMonth,
    Scheduler: (daily['a scheduled run, of a company'] + 4) * daysOfMonth * prices.scheduledInvocation,
  };
}

/** Instances of Lambda that are occupied, on average. */
export function atOnce(companies: number, counts: Counts, of: (action: Action) => boolean = () => true): number {
  let ms = 0;
  for (const [name, times] of Object.entries(daily)) {
    const action = name as Action;
    if (of(action)) ms += times * lambdaMs(counts[action]);
  }
  return (companies * ms) / 1_000 / secondsOfDay;
}

const isBackground = (action: Action) => /event|run|sweep/.test(action);

/** Quotas of AWS and limits of ours, with how many companies meet each. */
export function quotas(
  counts: Counts,
): readonly { readonly name: string; readonly quota: number; readonly companies: number }[] {
  const day = dayOf(counts);
  const perSecond = (amount: number) => (peak * amount) / secondsOfDay;
  const until = (name: string, quota: number, ofOne: number) => ({ name, quota, companies: quota / ofOne });
  const background = atOnce(1, counts, isBackground);
  return [
    until('requests a second, the stage’s own (`limits.requestsPerSecond`)', 200, perSecond(day.requests)),
    until('requests a second, an account’s API Gateway', 10_000, perSecond(day.requests)),
    until('concurrent executions, a new account’s', 10, peak * atOnce(1, counts)),
    until('concurrent executions, an account’s', 1_000, peak * atOnce(1, counts)),
    until('workers at once (`worker.maxConcurrency`), on average', 20, background),
    until('SQS requests a second, FIFO in Mumbai, each action', 9_000, perSecond(day.messages)),
    until('DynamoDB read units a second, a table’s default', 40_000, perSecond(day.readUnits)),
    until('DynamoDB write units a second, a table’s default', 40_000, perSecond(day.writeUnits)),
  ].toSorted((a, b) => a.companies - b.companies);
}

/** Assumed of one page: a query, a read of a hundred rows, ten sends, and the hand-over to the next. */
const pageMs = 165;
const companiesOfPage = 100;
const partitions = 8;

/** What a run of a schedule over so many companies is, with so many workers and so much work for each company. */
export function runOf(companies: number, workMs: number, workers: number) {
  const pages = Math.floor(companies / companiesOfPage) + partitions;
  return {
    pages,
    messages: companies + pages,
    /** Pages come one after the other, and at worst wait for the work of those before. */
    seconds: (pages * pageMs + (companies * workMs) / workers) / 1_000,
  };
}
