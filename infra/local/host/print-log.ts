import { stripVTControlCharacters } from 'node:util';
import { formatLogEntry, type Log } from './log-entry.ts';

export interface PrintOptions {
  /** The JSON of every function's log, too. Otherwise that of failures, and what authors log, in words. */
  readonly json: boolean;
}

/** Prints entries with the time of day where the person is, in colour on a terminal. */
export function printLog({ json }: PrintOptions): Log {
  // The process itself runs in UTC, as Lambda does.
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const time = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', timeZone });
  const colour = process.stdout.isTTY && !process.env['NO_COLOR'];
  return (entry) => {
    if (entry.kind === 'output' && !json) {
      const text = readable(entry.text);
      if (text !== undefined) console.log(formatLogEntry({ ...entry, text }, colour));
      return;
    }
    const line = formatLogEntry(entry, colour);
    console.log(entry.kind === 'request' || entry.kind === 'batch' ? `${time.format(new Date())} ${line}` : line);
  };
}

/**
 * What is worth reading of a line of a function: of its own line of JSON for each request and message nothing, unless it
 * tells of a failure; of what an author logs the message and the fields. Undefined where that is nothing.
 */
export function readable(text: string): string | undefined {
  const fields = parseObject(text);
  if (fields === undefined) return text;
  if (fields['level'] === 'error' || fields['warning'] !== undefined) return text;
  if (typeof fields['message'] !== 'string') return isOwnLine(fields) ? undefined : text;
  const { time: _time, level: _level, company_id: company, message, ...others } = fields;
  const shown = Object.entries({ ...(company === undefined ? {} : { company }), ...others });
  const details = shown.map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return stripVTControlCharacters([message, ...details].join('  '));
}

/** What functions/runtime writes itself, one for each request and message. */
function isOwnLine(fields: Readonly<Record<string, unknown>>): boolean {
  return 'duration_ms' in fields && ('request_id' in fields || 'message_id' in fields);
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
