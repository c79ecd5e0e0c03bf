// npm run trace < LINE: where in the sources an error of a deployed function came from, by the frames in its log line.
import { readFileSync } from 'node:fs';
import { StartError } from '../local/host/start-error.ts';
import { traceLog } from '../source-maps/trace-log.ts';
import { runCommand } from './run-command.ts';

const usage = `npm run trace < LINE   or   npm run trace -- FILE
Resolves the frames of errors in log lines of deployed functions, as CloudWatch shows them, to files and lines.
  --assembly FOLDER   the cloud assembly that was deployed, with its source maps. Default: cdk.out
  --json              prints a list of errors, each a list of lines`;

const options = { assembly: { type: 'string', default: 'cdk.out' } } as const;

await runCommand({ usage, options, mostArguments: 1 }, async ({ values, positionals: [file] }) => {
  if (file === undefined && process.stdin.isTTY) {
    console.error('Paste the line, then press Ctrl-D (on Windows Ctrl-Z and Enter):');
  }
  const text = traceLog(file === undefined ? readFileSync(0, 'utf8') : readLog(file), values.assembly);
  return { data: text.split('\n\n').map((error) => error.split('\n')), text };
});

function readLog(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new StartError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`, { cause: error });
  }
}
