import { run } from '../../infra/emulator/child.ts';
import type { Emulator } from '../../infra/emulator/emulator.ts';
import { check } from '../../infra/emulator/failure.ts';

interface Line {
  readonly at: string;
  readonly source: string;
  readonly level?: string;
  readonly code?: string;
  readonly route?: string;
  readonly company_id?: string;
  readonly request_id?: string;
}

/** `npm run logs` shows what the deployed functions wrote while the flow suite ran. @returns how many lines there were. */
export async function checkLogs(emulator: Emulator, baseUrl: string): Promise<number> {
  const logs = (options: readonly string[], interruptWhen?: (output: string) => boolean) =>
    run(process.execPath, ['infra/run.mjs', 'infra/commands/logs.ts', ...options], {
      env: emulator.environment,
      ...(interruptWhen && { interruptWhen }),
    });
  const linesOf = async (...options: string[]): Promise<Line[]> => {
    const { status, output } = await logs(['--json', '--since', '2h', ...options]);
    check(status === 0, `npm run logs -- ${options.join(' ')} ended with status ${status}.`, output);
    const lines = output.split('\n').filter((line) => line !== '');
    check(lines.length > 0, `npm run logs -- ${options.join(' ')} shows nothing.`);
    return lines.map((text) => {
      const { written_at, source, line } = JSON.parse(text) as {
        written_at: string;
        source: string;
        line: object | string;
      };
      return { ...(typeof line === 'object' && (line as Partial<Line>)), at: written_at, source };
    });
  };

  const until = new Date().toISOString();
  const all = await linesOf();
  const sources = [...new Set(all.map(({ source }) => source))];
  check(sources.length > 5, `The ${all.length} lines are not those of all functions, but of ${sources.join(', ')}.`);
  check(
    all.every(({ at }, index) => index === 0 || at >= (all[index - 1]?.at ?? '')),
    'The lines are not in the order of time.',
  );
  const refusal = all.find(({ code, request_id: id }) => code !== undefined && id !== undefined);
  const company = all.find((line) => line.company_id !== undefined)?.company_id ?? '';
  check(refusal?.request_id !== undefined && company !== '', 'No line tells of a refusal, or of a company.');

  const worker = await linesOf('--function', 'worker');
  const ofWorker = (lines: readonly Line[]) =>
    lines.filter(({ at, source }) => source === 'Worker' && at < until).length;
  check(
    ofWorker(all) === ofWorker(worker),
    `Of the worker are ${ofWorker(worker)} lines, of which ${ofWorker(all)} are shown among all.`,
  );

  const held = {
    'of one company': (await linesOf('--company', company)).every((line) => line.company_id === company),
    'of what failed': (await linesOf('--errors')).every(
      (line) => line.level === 'error' || 'warning' in line || !('level' in line),
    ),
    'of a saved query': (await linesOf('--query', 'refusals')).every(({ code }) => code !== undefined),
    'of one function': worker.every(({ source }) => source === 'Worker'),
  };
  for (const [what, holds] of Object.entries(held)) check(holds, `The lines ${what} are others, too.`);

  const inWords = await logs(['--since', '2h', '--request', refusal.request_id]);
  check(
    inWords.status === 0 && inWords.output.includes(`${refusal.code}  `),
    'A request is not found.',
    inWords.output,
  );
  check(inWords.output.includes(`request=${refusal.request_id}`), 'Its line does not say which.', inWords.output);

  for (const [options, sentence] of [
    [['--function', 'Nope'], /^There is no such function\. There are: .*Worker.*\.$/],
    [['--stack', 'nope'], /^There is no stack nope in ap-south-1 of this account: .+\.$/],
  ] as const) {
    const { status, output } = await logs(options);
    check(
      status === 1 && sentence.test(output.trim()),
      `${options.join(' ')} is not refused with its sentence.`,
      output,
    );
  }

  // What comes while it looks on; Ctrl-C ends it.
  let asked = 0;
  const following = await logs(['--json', '--follow', '--since', '1s', '--query', 'sign-ins'], (output) => {
    // It may begin to look later than the first was written.
    if (Date.now() - asked > 3_000) {
      asked = Date.now();
      fetch(`${baseUrl}/fp/auth`).catch(() => undefined);
    }
    return output.includes('GET /fp/auth');
  });
  check(following.status === 0, `Ctrl-C ended npm run logs with status ${following.status}.`, following.output);
  return all.length;
}
