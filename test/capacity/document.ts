import { costOf, type Fixed, lambdaMs, monthOf, quotas, runOf } from './cost.ts';
import { type Action, actions, type Count } from './count.ts';
import { mumbai, northVirginia, type Prices } from './prices.ts';

type Counts = Readonly<Record<Action, Count>>;

const columns: readonly (readonly [keyof Count, string])[] = [
  ['requests', 'requests'],
  ['invocations', 'functions called'],
  ['databaseCalls', 'DynamoDB calls'],
  ['readUnits', 'read units'],
  ['writeUnits', 'write units'],
  ['messages', 'messages'],
  ['platformCalls', 'platform calls'],
  ['logLines', 'lines logged'],
  ['logBytes', 'bytes of them'],
  ['localMs', 'ms here'],
];

/** The tables of docs/capacity.md by their names: each stands between `<!-- name -->` and `<!-- /name -->`. */
export function tablesOf(exact: Counts, fixed: Fixed): Record<string, string> {
  const counted = countedTable(exact);
  // All that follows is calculated from what is written, so that it can be done again from the document.
  const counts = parseCounted(counted);
  return {
    counted,
    million: table(
      ['a million of', 'Lambda ms each, estimated', 'Mumbai', 'N. Virginia'],
      actions.map((action) => {
        const count = counts[action];
        const cost = (prices: Prices) => dollars(1e6 * sum(costOf(count, prices)));
        return [action, String(Math.round(lambdaMs(count))), cost(mumbai), cost(northVirginia)];
      }),
    ),
    month: monthTable(counts, fixed),
    quotas: table(
      ['quota', 'is', 'met at companies'],
      quotas(counts).map(({ name, quota, companies }) => [name, number(quota), number(significant(companies))]),
    ),
    runs: runsTable(counts),
  };
}

function countedTable(counts: Counts): string {
  return table(
    ['once', ...columns.map(([, title]) => title)],
    actions.map((action) => [action, ...columns.map(([name]) => plain(counts[action][name]))]),
  );
}

function runsTable(counts: Counts): string {
  const sweepMs = lambdaMs(counts['a sweep, of a company']);
  const runs = [
    { of: 'the sweep', workMs: sweepMs, workers: 20 },
    { of: 'a schedule with half a second for each company', workMs: 500, workers: 20 },
    { of: 'the same', workMs: 500, workers: 100 },
    { of: 'a schedule with two seconds for each', workMs: 2_000, workers: 100 },
  ];
  const counted = runsOf.map((size) => `${number(size)} companies`);
  return table(
    ['a run', 'workers', ...counted],
    [
      [
        'pages · messages',
        '',
        ...runsOf.map((size) => `${number(runOf(size, 0, 1).pages)} · ${number(runOf(size, 0, 1).messages)}`),
      ],
      ...runs.map(({ of, workMs, workers }) => [
        of,
        String(workers),
        ...runsOf.map((size) => duration(runOf(size, workMs, workers).seconds)),
      ]),
    ],
  );
}

const runsOf = [10_000, 100_000, 1_000_000];
const sizes = [100, 10_000, 1_000_000];

function monthTable(counts: Counts, fixed: Fixed): string {
  const months = sizes.map((size) => monthOf(size, counts, fixed, mumbai));
  const services = Object.keys(months[0] ?? {});
  const total = (prices: Prices) => sizes.map((size) => dollars(sum(monthOf(size, counts, fixed, prices))));
  return table(
    ['a month in Mumbai', ...sizes.map((size) => `${number(size)} companies`)],
    [
      ...services.map((service) => [service, ...months.map((month) => dollars(month[service] ?? 0))]),
      ['**all**', ...total(mumbai).map((each) => `**${each}**`)],
      ['all, in N. Virginia', ...total(northVirginia)],
    ],
  );
}

/** What `tablesOf` wrote as `counted`. */
export function parseCounted(text: string): Record<Action, Count> {
  const rows = text
    .trim()
    .split('\n')
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  return Object.fromEntries(
    rows.map(([action, ...values]) => [
      action,
      Object.fromEntries(columns.map(([name], index) => [name, Number(values[index]?.replaceAll(',', ''))])),
    ]),
  ) as Record<Action, Count>;
}

export function tableIn(document: string, name: string): string {
  const [, found = ''] = new RegExp(`<!-- ${name} -->\\n\\n(.*?)\\n\\n<!-- /${name} -->`, 's').exec(document) ?? [];
  return found;
}

export function withTables(document: string, tables: Readonly<Record<string, string>>): string {
  let text = document;
  for (const [name, content] of Object.entries(tables)) {
    text = text.replace(
      new RegExp(`(<!-- ${name} -->\\n\\n).*?(\\n\\n<!-- /${name} -->)`, 's'),
      (_, before: string, after: string) => `${before}${content}${after}`,
    );
  }
  return text;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = `|---|${'---:|'.repeat(head.length - 1)}`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

const sum = (cost: Readonly<Record<string, number>>) => Object.values(cost).reduce((all, each) => all + each, 0);
const plain = (value: number) => (value >= 100 ? number(Math.round(value)) : String(Number(value.toFixed(1))));
const number = (value: number) => Math.round(value).toLocaleString('en-US');
const dollars = (value: number) => (value >= 100 ? `$${number(value)}` : `$${value.toFixed(2)}`);

const duration = (seconds: number) =>
  seconds < 5_400 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3_600).toFixed(1)} h`;

/** Two digits: no estimate has more. */
function significant(value: number): number {
  const digits = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return Math.round(value / digits) * digits;
}
