import { parseArgs } from 'node:util';
import { StartError } from '../local/host/start-error.ts';

/** What `npm start` and `npm run dev` take on their command line. */
export interface DeskOptions {
  readonly json: boolean;
  /** Where a debugger finds the functions; undefined: nowhere. */
  readonly inspectPort: number | undefined;
  readonly watch: boolean;
}

const usage = (command: string) => `${command} -- [--inspect[=PORT]] [--json] [--no-watch]
  --inspect    lets a debugger reach the functions, with breakpoints in their sources. Default port: 9229
  --json       prints the JSON of each function's log, not only of failures
  --no-watch   leaves what runs as it is when a file changes`;

/** @throws {StartError} with the usage, where an argument is none. */
export function deskOptions(command: string, given: readonly string[]): DeskOptions | undefined {
  // Its port may follow or not, which parseArgs knows of no option.
  const args = given.map((argument) => (argument === '--inspect' ? '--inspect=9229' : argument));
  try {
    const { values } = parseArgs({
      args,
      allowNegative: true,
      options: {
        inspect: { type: 'string' },
        json: { type: 'boolean', default: false },
        watch: { type: 'boolean', default: true },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      console.log(usage(command));
      return undefined;
    }
    const inspectPort = values.inspect === undefined ? undefined : Number(values.inspect);
    if (inspectPort === undefined || (inspectPort >= 1 && inspectPort <= 65_535)) {
      return { json: values.json, watch: values.watch, inspectPort };
    }
  } catch {
    // The usage says it all.
  }
  throw new StartError(usage(command));
}
