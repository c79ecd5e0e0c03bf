// npm run schedule -- nightly: has an extension do now what a schedule would have it do when due.
import { sweepSchedule } from '../../shared/contract.ts';
import { runCommand } from '../commands/run-command.ts';
import { selectHereUnlessNamed, whichExtension, whichUsageHere } from '../commands/select-extension.ts';
import { StartError } from '../local/host/start-error.ts';
import { sendScheduled } from '../local/send-scheduled.ts';
import { withData } from './open-data.ts';
import { sendSchedule } from './send-schedule.ts';

const usage = `npm run schedule -- NAME [options]                               of the extension that runs on this machine
npm run schedule -- NAME --stack NAME | --stage NAME [options]   of a deployed one

Has the extension do now what it does when this schedule is due, for each company that installed it: puts the schedule's
message into the work queue. NAME is one of the configuration's, or ${sweepSchedule}: what every extension does four times a
day to bring each company in step.

${whichUsageHere}`;

await runCommand({ usage, options: whichExtension, mostArguments: 1 }, async ({ values, positionals: [name] }) => {
  const selected = await selectHereUnlessNamed(values);
  const { running, extension, where } = selected;
  const names = running?.schedules.map((schedule) => schedule.name) ?? [
    ...Object.keys(extension.schedules),
    sweepSchedule,
  ];
  if (name === undefined) {
    throw new StartError(`Name one schedule: npm run schedule -- NAME. There are: ${names.join(', ') || 'none'}.`);
  }
  if (running !== undefined) await sendScheduled(running, name);
  else if (!names.includes(name)) {
    throw new StartError(`There is no schedule ${JSON.stringify(name)}. There are: ${names.join(', ')}.`);
  } else {
    await withData(selected, 'Nothing was sent.', (data) => sendSchedule(data, name));
  }
  const to = running === undefined ? ` to ${where}` : '';
  return { data: { schedule: name, where }, text: `Sent the message of the schedule ${name}${to}.` };
});
