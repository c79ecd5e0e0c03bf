// npm run logs: what a deployed extension writes, of all its functions in one order, as npm start prints it.
import { StartError } from '../local/host/start-error.ts';
import { filterPatternOf, isWanted } from '../log-queries.ts';
import { sentenceOfAws } from './aws-access.ts';
import type { DeployedStack } from './deployed-stack.ts';
import { type LogsOptions, readLogsOptions } from './logs/options.ts';
import { findLogGroups, type LogGroup, type LogLine, LogReader } from './logs/read-logs.ts';
import { fieldsOf, isFailure, isRoutine, showLine } from './logs/show-line.ts';
import { runUntilStopped } from './run-until-stopped.ts';
import { selectDeployed } from './select-extension.ts';

/** As many lines of each function as anybody reads. */
const most = 2_000;

await runUntilStopped(async (defer, signal) => {
  const options = readLogsOptions(process.argv.slice(2), Date.now());
  if ('says' in options) {
    console.log(options.says);
    return { ended: Promise.resolve(undefined) };
  }
  const { stack } = await selectDeployed(options.which, { whileUpdating: true });
  // What a pipe has not taken yet would be lost with the process.
  defer(() => new Promise((resolve) => void process.stdout.write('', resolve)));
  const reader = new LogReader(stack.region);
  defer(() => reader.close());
  const show = (line: LogLine): void => {
    if (isShown(line, options)) console.log(options.json ? asJson(line) : showLine(line, options));
  };
  const work = async (): Promise<undefined> => {
    const groups = chosen(await findLogGroups(stack), options);
    const reading = { groups, sinceMs: options.sinceMs, filterPattern: filterPatternOf(options.wanted) };
    const lines = await reader.read(reading, most, signal);
    for (const line of lines) show(line);
    if (!options.json && !signal.aborted)
      tellEnd(
        lines.some((line) => isShown(line, options)),
        options,
      );
    if (options.follow) await reader.follow(reading, lines, show, signal);
    return undefined;
  };
  return { ended: work().catch((error: unknown) => refuse(error as Error, stack)) };
});

/** The gateway's own log says nothing of a company, and is asked for by name, or by a request's id. */
function chosen(groups: readonly LogGroup[], { functionName, ids }: LogsOptions): LogGroup[] {
  if (functionName === undefined) return groups.filter(({ source }) => source !== 'gateway' || ids.length > 0);
  const named = groups.filter(({ source }) => source.toLowerCase() === functionName.toLowerCase());
  if (named.length > 0) return named;
  const sources = groups.map(({ source }) => source).join(', ');
  throw new StartError(`There is no such function. There are: ${sources}.`);
}

function isShown({ text }: LogLine, { wanted, errors }: LogsOptions): boolean {
  if (errors && !isFailure(text)) return false;
  if (wanted.length > 0) return isWanted(wanted, fieldsOf(text) ?? {});
  return !isRoutine(text);
}

function asJson({ atMs, source, text }: LogLine): string {
  return JSON.stringify({ written_at: new Date(atMs).toISOString(), source, line: fieldsOf(text) ?? text });
}

/** On the side, so that a pipe gets lines alone. */
function tellEnd(isAny: boolean, { sinceMs, follow }: LogsOptions): void {
  if (!isAny) console.error(`No such line since ${new Date(sinceMs).toISOString()}: --since reaches further back.`);
  if (follow && process.stderr.isTTY) console.error('Waiting for more. Ctrl-C ends it.');
}

function refuse(error: Error, { name, region }: DeployedStack): string {
  if (error instanceof StartError) return error.message;
  return sentenceOfAws(error, region) ?? `The logs of ${name} cannot be read: ${error.message} (${error.name}).`;
}
