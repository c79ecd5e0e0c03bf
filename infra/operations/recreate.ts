// npm run recreate: makes again what somebody deleted by hand, which a deployment does not.
import { requireYes } from '../commands/ask.ts';
import { runCommand } from '../commands/run-command.ts';
import { selectExtension, whichExtension, whichUsage } from '../commands/select-extension.ts';
import { letRequestsEnd, waitSecondsOf } from './let-requests-end.ts';
import { withData } from './open-data.ts';
import { queueRepairs } from './recreate/queues.ts';
import { tableRepairs } from './recreate/tables.ts';

const usage = `npm run recreate                  makes again what somebody deleted by hand

Looks for the tables and, on AWS, the queues of a stack, whose names the functions know. What is gone is made again, empty;
what was restored from a backup gets the settings that a restored table lacks. A deployment does neither: CloudFormation
compares templates, not what exists. Installations are never made anew: they come back from a backup (docs/loss.md).

  --yes           does not ask
  --wait SECONDS  how long requests have to end that began before a table was deleted. Default: 30, as long as any may take

${whichUsage}

Status 0: nothing is missing, or all of it is there again. It may be interrupted, and run again.`;

const options = {
  ...whichExtension,
  yes: { type: 'boolean', default: false },
  wait: { type: 'string', default: '30' },
} as const;

await runCommand({ usage, options }, async ({ values }) => {
  const waitSeconds = waitSecondsOf(values.wait);
  const selected = await selectExtension(values, { whileUpdating: true });
  return await withData(selected, 'What was not finished can be run again.', async (data) => {
    const isDeployed = selected.stack !== undefined;
    const repairs = [
      ...(await tableRepairs(data, isDeployed, selected.extension.stage?.protected !== false)),
      ...(selected.stack === undefined ? [] : await queueRepairs(data, selected.stack)),
    ];
    const missing = repairs.map(({ what }) => what);
    if (repairs.length === 0) return { data: { recreated: [] }, text: `Nothing of ${data.where} is missing.` };
    if (!values.yes) {
      await requireYes(
        `Missing in ${data.where}:\n${missing.map((what) => `  ${what}`).join('\n')}\nThis makes that again.`,
        `Missing: ${missing.join(', ')}. Add --yes where nobody can answer. Nothing was changed.`,
        'Nothing was changed.',
      );
    }
    if (repairs.some(({ losesRequests }) => losesRequests)) await letRequestsEnd(waitSeconds);
    for (const { what, run } of repairs) {
      await run();
      if (process.stderr.isTTY) console.error(`There again: ${what}`);
    }
    const text = [`${missing.length} of ${data.where} are there again:`, ...missing.map((what) => `  ${what}`)].join(
      '\n',
    );
    return { data: { recreated: missing }, text };
  });
});
