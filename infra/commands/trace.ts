// npm run trace < LINE: where in the sources an error of a deployed function came from, by the frames in its log line.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { StartError } from '../local/host/start-error.ts';
import { traceLog } from '../source-maps/trace-log.ts';
import { runOnce } from './run-once.ts';

const usage = `npm run trace < LINE   or   npm run trace -- FILE
Resolves the frames of errors in log lines of deployed functions, as CloudWatch shows them, to files and lines.
  --assembly FOLDER   the cloud assembly that was deployed, with its source maps. Default: cdk.out`;

await runOnce(async () => {
  const { file, assembly, help } = parseCommandLine();
  if (help) return usage;
  if (file === undefined && process.stdin.isTTY) {
    console.error('Paste the line, then press Ctrl-D (on Windows Ctrl-Z and Enter):');
  }
  return traceLog(file === undefined ? readFileSync(0, 'utf8') : readLog(file), assembly);
});

function parseCommandLine(): { file: string | undefined; assembly: string; help: boolean } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { assembly: { type: 'string', default: 'cdk.out' }, help: { type: 'boolean', default: false } },
    });
    if (positionals.length <= 1) return { file: positionals[0], ...values };
  } catch {
    // The usage says it all.
  }
  throw new StartError(usage);
}

function readLog(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new StartError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`, { cause: error });
  }
}
