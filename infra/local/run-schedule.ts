// npm run schedule -- nightly: lets the local extension that runs do now what a schedule would have it do when due.

import { runOnce } from './run-once.ts';
import { findRunning } from './running-extension.ts';
import { sendScheduled } from './send-scheduled.ts';
import { loadEnvironmentFile } from './settings.ts';
import { StartError } from './start-error.ts';

await runOnce(async () => {
  loadEnvironmentFile();
  const [name, ...others] = process.argv.slice(2);
  if (others.length > 0) throw new StartError('One schedule at a time: npm run schedule -- nightly');
  const running = await findRunning(process.env['LOCAL_DATA_DIR'] || undefined, '.local');
  await sendScheduled(running, name ?? '');
  return `Sent the message of the schedule ${name}.`;
});
