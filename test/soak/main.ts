// npm run soak: a storm of events, refreshes, installs and uninstalls, with workers killed at random and a platform that
// misbehaves; then what must hold is checked. SOAK_SECONDS is the storm's length, SOAK_SEED makes its decisions again.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Companies } from './companies.ts';
import { end } from './ending.ts';
import { Evidence } from './evidence.ts';
import { figures } from './figures.ts';
import { judgeEvents } from './judge-events.ts';
import { judgeGrants } from './judge-grants.ts';
import { judgeLogs } from './judge-logs.ts';
import { Random } from './random.ts';
import type { Rule } from './rules.ts';
import { type SoakWorld, startSoakWorld } from './soak-world.ts';
import { installEverybody, storm } from './storm.ts';
import { timeline } from './timeline.ts';
import { kill, misbehave } from './trouble.ts';

const seconds = Number(process.env['SOAK_SECONDS'] || 180);
const seed = process.env['SOAK_SEED'] || String(Math.floor(Math.random() * 1_000_000));
/** For installing before the storm, and for coming to rest after it. */
const patienceSeconds = 240;
const mostShown = 5;

if (!(seconds > 0)) {
  console.error('SOAK_SECONDS is no number of seconds.');
  process.exit(1);
}
const impatience = setTimeout(
  () => {
    console.error(`✗ everything comes to rest: it did not, ${patienceSeconds} s beyond the storm (SOAK_SEED=${seed})`);
    process.exit(1);
  },
  (seconds + patienceSeconds) * 1_000,
);
impatience.unref();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    console.error(`Broken off by ${signal}.`);
    process.exit(1);
  });
}

const dataDir = await mkdtemp(join(tmpdir(), 'soak-'));
process.on('exit', () => void rm(dataDir, { recursive: true, force: true }));
const evidence = new Evidence();
const soak = await startSoakWorld(dataDir, evidence);
try {
  console.log(`A soak of ${seconds} s, SOAK_SEED=${seed}`);
  const rules = await run(soak);
  process.exitCode = report(rules) ? 0 : 1;
} finally {
  await soak.close();
  await rm(dataDir, { recursive: true, force: true });
}
process.exit();

async function run(soak: SoakWorld): Promise<Rule[]> {
  const companies = new Companies(soak, evidence);
  const reporting = setInterval(() => void progress(soak), 5_000);
  await installEverybody(companies);
  await soak.extension.idle();
  say('everybody is installed; the storm begins');

  const from = Date.now();
  const signal = AbortSignal.timeout(seconds * 1_000);
  const [faults] = await Promise.all([
    misbehave(soak, new Random(seed, 'faults'), signal),
    kill(soak, evidence, new Random(seed, 'kills'), signal),
    storm(soak, companies, seed, signal),
  ]);
  const stormy = { from, until: from + seconds * 1_000, faults };
  say('the storm is over; what was begun comes to its end');
  const ending = await end(soak, companies, evidence);
  clearInterval(reporting);
  if (process.env['SOAK_DEBUG'])
    (await import('node:fs')).writeFileSync(
      process.env['SOAK_DEBUG'],
      evidence.lines
        .map(
          ({ at, source, fields }) =>
            `${((at - evidence.startedAt) / 1000).toFixed(3)} ${source} ${JSON.stringify(fields)}`,
        )
        .concat(
          evidence.kills.map((k) => `${((k.at - evidence.startedAt) / 1000).toFixed(3)} KILL ${JSON.stringify(k)}`),
          evidence.requests.map(
            (r) =>
              `${((r.at - evidence.startedAt) / 1000).toFixed(3)} REQ ${r.company} ${r.record.method} ${r.path} ${r.record.status} ${JSON.stringify(r.record.grant)} ${JSON.stringify(r.record.fault)}`,
          ),
        )
        .sort((a, b) => parseFloat(a) - parseFloat(b))
        .join('\n'),
    );

  console.log('');
  for (const line of figures(evidence, ending, stormy)) console.log(`  ${line}`);
  console.log('');
  return [...judgeEvents(evidence, ending), ...judgeGrants(evidence, ending), ...judgeLogs(evidence, ending, dataDir)];
}

async function progress({ extension }: SoakWorld): Promise<void> {
  const { events, requests, kills } = evidence;
  const { waiting, inFlight, dead } = await extension.countMessages();
  const refreshes = requests.filter(({ refreshToken }) => refreshToken !== undefined).length;
  say(
    `${events.length} events sent, ${evidence.handled} handled, ${waiting + inFlight} messages wait, ${dead} dead; ` +
      `${refreshes} refreshes, ${kills.length} kills`,
  );
}

function say(text: string): void {
  console.log(`${((Date.now() - evidence.startedAt) / 1_000).toFixed(0).padStart(5)} s  ${text}`);
}

/** Whether all rules hold. */
function report(rules: readonly Rule[]): boolean {
  for (const { claim, violations } of rules) {
    console.log(`${violations.length === 0 ? '✓' : '✗'} ${claim}`);
    for (const violation of violations.slice(0, mostShown)) {
      const { company, what } = violation;
      console.log(`    ${company === undefined ? '' : `company ${company}: `}${what}`);
      for (const line of timeline(evidence, violation)) console.log(`      ${line}`);
    }
    if (violations.length > mostShown) console.log(`    … and ${violations.length - mostShown} more`);
  }
  const holds = rules.every(({ violations }) => violations.length === 0);
  if (!holds) console.log(`\nThe same decisions again: SOAK_SEED=${seed} SOAK_SECONDS=${seconds} npm run soak`);
  return holds;
}
