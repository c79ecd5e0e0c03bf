import { constants } from 'node:os';
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { ConfigurationError } from '../../shared/config.ts';
import { StartError } from '../local/host/start-error.ts';
import { describeError } from '../local/host/system-error.ts';
import { sentenceOfAws } from './aws-access.ts';

/** What every command understands. */
const always = {
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** What a command did or found: for programs (`--json`), and in words; undefined where those have been printed already. */
export interface Outcome {
  readonly data: unknown;
  readonly text: string | undefined;
}

export interface Command<Options extends ParseArgsOptionsConfig> {
  /** Begins with `npm run NAME`. */
  readonly usage: string;
  /** Besides `--json` and `--help`. */
  readonly options: Options;
  /** How many arguments there may be that are no options. Default: none. */
  readonly mostArguments?: number;
}

/**
 * Runs a command that does one thing. Prints what it did, with status 0 unless it set another one; or, with status 1, one
 * sentence about what to mend, on stderr. What was written on the command line is never repeated: it may be a secret. A
 * signal ends it with a sentence, and with the status that shells give to that signal.
 */
export async function runCommand<const Options extends ParseArgsOptionsConfig>(
  command: Command<Options>,
  act: (given: CommandLine<Options>) => Promise<Outcome>,
): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      console.error('Interrupted: what was not finished is done by running it again.');
      process.exit(128 + constants.signals[signal]);
    });
  }
  try {
    const given = readCommandLine(command);
    // What these two are is known whatever the other options are, which TypeScript cannot tell.
    const { json, help } = given.values as { readonly json: boolean; readonly help: boolean };
    if (help) return console.log(command.usage);
    const { data, text } = await act(given);
    const printed = json ? JSON.stringify(data, undefined, 2) : text;
    if (printed !== undefined) console.log(printed);
  } catch (error) {
    console.error(sentenceOf(error));
    process.exitCode = 1;
  }
}

/** What was mistyped, with where the right ones are. */
export function usageError(usage: string, sentence: string): StartError {
  return new StartError(`${sentence} ${nameIn(usage)} -- --help tells what there is.`);
}

/** What to show of an error: its sentence where it is one of ours or AWS's, all of it where nobody expected it. */
function sentenceOf(error: unknown): unknown {
  if (error instanceof StartError || error instanceof ConfigurationError) return error.message;
  return sentenceOfAws(error) ?? describeError(error);
}

type CommandLine<Options extends ParseArgsOptionsConfig> = ReturnType<typeof readCommandLine<Options>>;

function readCommandLine<const Options extends ParseArgsOptionsConfig>({
  usage,
  options,
  mostArguments = 0,
}: Command<Options>) {
  const given = parseOptions(usage, options);
  if (given.positionals.length <= mostArguments || (given.values as { help?: boolean }).help) return given;
  throw usageError(usage, mostArguments === 0 ? 'This command takes options only.' : 'There are too many arguments.');
}

/**
 * A command line, with `--json` and `--help` besides these options.
 * @throws {StartError} with a sentence that repeats no more of it than an option's name.
 */
export function parseOptions<const Options extends ParseArgsOptionsConfig>(
  usage: string,
  options: Options,
  args: readonly string[] = process.argv.slice(2),
) {
  try {
    return parseArgs({ args, allowPositionals: true, options: { ...options, ...always } });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // Only what looks like the name of an option.
    const [, name = 'that'] = /'(?:-\w, )?(--?[a-z][a-z-]{0,29})(?: <value>)?'/.exec(message) ?? [];
    throw usageError(
      usage,
      code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION'
        ? `There is no option ${name}.`.replace('option that', 'such option')
        : `The option ${name} is not written like this.`.replace('option that', 'option'),
    );
  }
}

function nameIn(usage: string): string {
  return /^npm run [\w:-]+/.exec(usage)?.[0] ?? 'npm run';
}
