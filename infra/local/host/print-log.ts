import { formatLogEntry, type Log } from './log-entry.ts';

/** Prints entries with the time of day where the person is, in colour on a terminal. */
export function printLog(): Log {
  // The process itself runs in UTC, as Lambda does.
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const time = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', timeZone });
  const colour = process.stdout.isTTY && !process.env['NO_COLOR'];
  return (entry) => {
    const line = formatLogEntry(entry, colour);
    console.log(entry.kind === 'request' || entry.kind === 'batch' ? `${time.format(new Date())} ${line}` : line);
  };
}
