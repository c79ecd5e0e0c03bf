// npm run schedule -- nightly: lets the local extension that runs do now what a schedule would have it do when due.

import { openEnvironmentFile } from '../local/host/environment-file.ts';
import { StartError } from '../local/host/start-error.ts';
import { findRunning } from '../local/running-extension.ts';
import { sendScheduled } from '../local/send-scheduled.ts';
import { runOnce } from './run-once.ts';

await runOnce(async () => {
  openEnvironmentFile();
  const [name, ...others] = process.argv.slice(2);
  const running = await findRunning(process.env['LOCAL_DATA_DIR'] || undefined, '.local');
  if (name === undefined || others.length > 0) {
    const names = running.schedules.map((schedule) => schedule.name).join(', ');
    throw new StartError(`Name one schedule: npm run schedule -- NAME. There are: ${names || 'none'}.`);
  }
  await sendScheduled(running, name);
  return `Sent the message of the schedule ${name}.`;
});
