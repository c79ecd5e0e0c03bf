import { formatLogEntry } from '../../local/host/log-entry.ts';
import { readable } from '../../local/host/print-log.ts';
import { StartError } from '../../local/host/start-error.ts';
import { traceLog } from '../../source-maps/trace-log.ts';
import type { LogLine } from './read-logs.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** The object that a line is, also behind what a runtime puts in front; undefined where it is something else. */
export function fieldsOf(text: string): Fields | undefined {
  const begin = text.indexOf('{');
  if (begin === -1) return undefined;
  try {
    return JSON.parse(text.slice(begin)) as Fields;
  } catch {
    return undefined;
  }
}

/** Lambda's own lines that tell of nothing but an invocation. */
const routine = /^(START|END|REPORT|INIT_START|XRAY TraceId|INIT_REPORT)\b(?!.*Status: (error|timeout))/;
/** What a runtime says where a function could not say it itself. */
const broken = /Task timed out|Status: (error|timeout)|Uncaught Exception|Runtime exited/;

/** Whether a line tells of a failure, whoever wrote it. */
export function isFailure(text: string): boolean {
  const fields = fieldsOf(text);
  if (fields === undefined) return broken.test(text);
  return fields['level'] === 'error' || fields['warning'] !== undefined || Number(fields['status']) >= 500;
}

/** Whether a line is one that Lambda writes around each invocation. */
export const isRoutine = (text: string): boolean => routine.test(text);

/** What is worth showing of a line beside its words. */
const details = [
  'company_id',
  'organization_id',
  'schedule',
  'attempt',
  'retry_after_s',
  'request_id',
  'message_id',
  'caused_by',
  'trace_id',
  'platform_trace_id',
  'detail',
  'error',
  'cause',
  'warning',
  'platform_status',
  'platform_request',
];

/**
 * A line as people read it, in the words of `npm start`; several where an error has its places in the sources, by the source
 * maps of `assembly` where it has them.
 */
export function showLine(
  { atMs, source, text }: LogLine,
  { colour, assembly }: { colour: boolean; assembly: string },
): string {
  const fields = fieldsOf(text);
  const time = timeOf(atMs);
  const lines =
    fields === undefined
      ? [formatLogEntry({ kind: 'output', source, text }, colour)]
      : [wordsOf(source, text, fields, colour)];
  if (Array.isArray(fields?.['at'])) lines.push(placesOf(text, fields['at'], assembly));
  return `${time} ${lines.join('\n')}`;
}

function wordsOf(source: string, text: string, fields: Fields, colour: boolean): string {
  const word = (name: string): string | undefined => {
    const value = fields[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  };
  const took = word('duration_ms') ?? word('latencyMs');
  const [method, status, outcome] = [word('method'), word('status'), word('outcome')];
  if (method !== undefined && status !== undefined) {
    const entry = {
      kind: 'request',
      method,
      path: word('path') ?? word('route')?.replace(/^\w+ /, '') ?? '',
      status: Number(status),
      milliseconds: Number(took ?? 0),
      functionName: source === 'gateway' ? undefined : source,
      problemCode: word('code'),
      cacheStatus: word('cache'),
    } as const;
    return [formatLogEntry(entry, colour), ...said(fields)].join('  ');
  }
  if (outcome !== undefined && took !== undefined) {
    const words = [word('kind'), outcome, word('code')].filter((each) => each !== undefined);
    return [source, words.join(' '), `${took} ms`, ...said(fields)].join('  ');
  }
  return formatLogEntry({ kind: 'output', source, text: readable(text) ?? text }, colour);
}

function said(fields: Fields): string[] {
  return details.flatMap((name) => {
    const value = fields[name];
    if (value === undefined || value === null || value === '') return [];
    return [`${name.replace(/_id$/, '')}=${typeof value === 'string' ? value : JSON.stringify(value)}`];
  });
}

function placesOf(text: string, frames: readonly unknown[], assembly: string): string {
  try {
    return traceLog(text, assembly).split('\n').slice(1).join('\n');
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return frames.map((frame) => `    ${String(frame)}`).join('\n');
  }
}

const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
const timeFormat = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', timeZone });
const dayFormat = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeZone });

/** The time of day where the person is, after the date where that is not today's. */
function timeOf(atMs: number): string {
  const [day, today] = [dayFormat.format(atMs), dayFormat.format(Date.now())];
  return day === today ? timeFormat.format(atMs) : `${day} ${timeFormat.format(atMs)}`;
}
