import { styleText } from 'node:util';
import type { AuthorError } from '../lambda/author-error.ts';

/** What the local runtime has to say, one line each. No entry holds a query, a header or a body. */
export type LogEntry =
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'output'; readonly source: string; readonly text: string }
  | { readonly kind: 'error'; readonly source: string; readonly error: AuthorError }
  | {
      readonly kind: 'request';
      readonly method: string;
      readonly path: string;
      readonly status: number;
      readonly milliseconds: number;
      readonly functionName: string | undefined;
      readonly cacheStatus: string | undefined;
      /** Of the problem that was met; undefined where there was none. */
      readonly problemCode?: string | undefined;
      readonly dynamoDbCalls?: number | undefined;
      /** For how long the request waited for an instance to start; undefined where one was there. */
      readonly coldMilliseconds?: number | undefined;
    }
  | {
      readonly kind: 'batch';
      readonly functionName: string;
      readonly messages: number;
      readonly failed: number;
      /** Of the failed ones, those that were tried for the last time. */
      readonly givenUp: number;
      readonly milliseconds: number;
    };

export type Log = (entry: LogEntry) => void;

type Paint = (style: Parameters<typeof styleText>[0], text: string) => string;

/** A function as its author knows it: without what the CDK appends to make the id unique. */
export function shortName(functionName: string): string {
  return functionName.replace(/(Function)?[0-9A-F]{8}$/, '') || functionName;
}

/** A line for people. Colours only where the caller knows that a terminal reads it. */
export function formatLogEntry(entry: LogEntry, colour = false): string {
  const paint: Paint = (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text);
  if (entry.kind === 'note') return entry.text;
  if (entry.kind === 'output') return paint('dim', `  ${entry.source} | ${entry.text}`);
  if (entry.kind === 'error') return formatError(entry.source, entry.error, paint);
  if (entry.kind === 'batch') {
    const { functionName, messages, failed, givenUp, milliseconds } = entry;
    const parts = [
      `${messages} ${messages === 1 ? 'message' : 'messages'}`,
      ...(failed > 0 ? [paint('red', `${failed} failed`)] : []),
      ...(givenUp > 0 ? [paint('red', `${givenUp} to the dead letters`)] : []),
      paint('dim', `${Math.round(milliseconds)} ms`),
    ];
    return `${paint('bold', functionName)}  ${parts.join(', ')}`;
  }
  const { method, path, status, milliseconds, functionName, cacheStatus, problemCode, dynamoDbCalls } = entry;
  const details = [
    entry.coldMilliseconds === undefined ? undefined : `cold ${Math.round(entry.coldMilliseconds)} ms`,
    dynamoDbCalls ? `${dynamoDbCalls} DynamoDB` : undefined,
  ].filter((detail) => detail !== undefined);
  const statusStyle = status >= 500 ? 'red' : status >= 400 ? 'yellow' : 'green';
  return [
    method.padEnd(6),
    paint('bold', path),
    paint(statusStyle, String(status)),
    paint('dim', `${Math.round(milliseconds)} ms`),
    paint('dim', functionName ?? 'gateway'),
    ...(details.length === 0 ? [] : [paint('dim', `(${details.join(', ')})`)]),
    ...(problemCode === undefined ? [] : [paint(statusStyle, problemCode)]),
    ...(cacheStatus === undefined ? [] : [paint('cyan', cacheStatus)]),
  ].join(' ');
}

/** The message, the lines around the place, and where it came through. */
function formatError(source: string, { text, place, codeFrame, frames }: AuthorError, paint: Paint): string {
  const indented = (lines: string, indent: string) => lines.replaceAll(/^/gm, indent);
  return [
    `${paint('red', `✗ ${text}`)} ${paint('dim', `(${source})`)}`,
    ...(place === undefined ? [] : [indented(paint('bold', place), '  ')]),
    ...(codeFrame === undefined ? [] : [indented(codeFrame, '  ')]),
    ...frames
      .filter((frame) => place === undefined || !frame.endsWith(place))
      .map((frame) => paint('dim', `    ${frame}`)),
  ].join('\n');
}
