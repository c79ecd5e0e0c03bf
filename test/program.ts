import { type ParseArgsConfig, parseArgs } from 'node:util';
import { stopAll } from '../infra/emulator/child.ts';
import { Failure } from '../infra/emulator/failure.ts';

const closers: (() => unknown)[] = [stopAll];
const skipped: string[] = [];
let ending: Promise<never> | undefined;

/** What the program was started with. `--help` prints the usage and ends it, and so does what the usage does not know, with status 1. */
export function readOptions<const Options extends NonNullable<ParseArgsConfig['options']>>(
  usage: string,
  options: Options,
) {
  if (['--help', '-h'].some((flag) => process.argv.includes(flag))) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(1);
  }
}

/** Done at the end, however it comes; the last one first. */
export function atEnd(close: () => unknown): void {
  closers.push(close);
}

/** Says what begins, does it, and says how long it took. */
export async function phase<Result>(title: string, work: () => Result | Promise<Result>): Promise<Result> {
  console.log(`· ${title}`);
  const startedAt = performance.now();
  const result = await work();
  console.log(`  done in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  return result;
}

/**
 * What this machine cannot do is left out, by name.
 * @throws {Failure} with `CI` set: there, nothing is left out.
 */
export function skip(what: string, missing: string): void {
  const sentence = `${what}: this needs ${missing}.`;
  if (process.env['CI']) throw new Failure(`${sentence} With CI set, nothing is skipped.`);
  console.log(`· SKIPPED ${sentence}`);
  skipped.push(what);
}

/** Runs a test that is a program to its end, which may be Ctrl-C. Status 0: everything held. */
export async function runProgram(work: () => Promise<void>, lastWords: string): Promise<never> {
  process.on('SIGINT', () => void end(130));
  process.on('SIGTERM', () => void end(143));
  process.on('SIGHUP', () => void end(129));
  try {
    await work();
    console.log(skipped.length === 0 ? lastWords : `${lastWords} Skipped: ${skipped.join('; ')}.`);
    return await end(0);
  } catch (error) {
    // What was ended in the middle fails; that is no news.
    if (ending === undefined) {
      if (error instanceof Failure && error.output) console.error(error.output.trimEnd());
      console.error(error instanceof Failure ? error.message : error);
    }
    return await end(1);
  }
}

function end(status: number): Promise<never> {
  ending ??= (async () => {
    for (let close = closers.pop(); close; close = closers.pop()) {
      try {
        await close();
      } catch (error) {
        console.error(error);
      }
    }
    process.exit(status);
  })();
  return ending;
}
