// npm run drill: loses a table, a queue, rows or keys of an extension on this machine, and holds docs/loss.md to what happens.
import { parseArgs } from 'node:util';
import { Failure } from '../../infra/emulator/failure.ts';
import { phase, runProgram } from '../program.ts';
import { Drill, type Loss } from './drill.ts';
import { losses } from './losses.ts';

const usage = `npm run drill -- [LOSS …] [options]

Loses what can be lost, each in an extension of its own on this machine with a simulated platform, and checks what people
are answered, what mends itself, what the commands of docs/loss.md do, and that nothing fails for a reason nobody thought of.

LOSS            ${losses.map(({ name }) => name).join(', ')}. Default: all
--companies N   how many companies do what matters in each. Default: 10; from 3 on, every variant is tried
--json          prints the results as JSON

Status 0: all that docs/loss.md says holds. 1: the text says what does not.`;

interface Result {
  readonly loss: Loss;
  readonly seconds: number;
  readonly failure: string | undefined;
}

function readOptions() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        companies: { type: 'string', default: '10' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const companies = Number(values.companies);
    const chosen = losses.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
    const isKnown = positionals.every((each) => losses.some(({ name }) => name === each));
    if (isKnown && Number.isInteger(companies) && companies >= 2 && companies <= 1_000)
      return { ...values, companies, chosen };
  } catch {
    // The usage says it all.
  }
  return undefined;
}

const options = readOptions();
if (options === undefined || options.help) {
  (options === undefined ? console.error : console.log)(usage);
  process.exit(options === undefined ? 1 : 0);
}

async function lose(loss: Loss, companies: number): Promise<Result> {
  const startedAtMs = performance.now();
  const failure = await (async () => {
    await using drill = await Drill.start(companies);
    await loss.drill(drill);
    await drill.endsWell();
  })().then(
    () => undefined,
    (error: unknown) =>
      error instanceof Error
        ? `${error.message}\n${error.stack?.split('\n').find((line) => line.includes('/drill/lose-')) ?? ''}`
        : String(error),
  );
  return { loss, failure, seconds: (performance.now() - startedAtMs) / 1000 };
}

function report({ loss, failure, seconds }: Result): string {
  const { lost, seen, mends, run } = loss;
  const lines = [`${failure === undefined ? '✓' : '✗'} ${lost} (${seconds.toFixed(0)} s)`];
  lines.push(`    seen     ${seen}`, `    mends    ${mends}`, `    run      ${run}`);
  if (failure !== undefined) lines.push(`    BUT      ${failure.trim().replaceAll('\n', '\n             ')}`);
  return lines.join('\n');
}

await runProgram(
  async () => {
    const { chosen, companies, json } = options;
    const results: Result[] = [];
    for (const loss of chosen) {
      results.push(json ? await lose(loss, companies) : await phase(loss.lost, () => lose(loss, companies)));
    }
    const failed = results.filter(({ failure }) => failure !== undefined);
    console.log(
      json
        ? JSON.stringify(
            results.map(({ loss, ...rest }) => ({ name: loss.name, lost: loss.lost, ...rest })),
            undefined,
            2,
          )
        : `\n${results.map(report).join('\n')}\n`,
    );
    if (failed.length > 0)
      throw new Failure(`${failed.length} of ${results.length} losses are not as docs/loss.md says.`);
  },
  options.json ? '' : 'All that docs/loss.md says holds.',
);
