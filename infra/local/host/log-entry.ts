import { styleText } from 'node:util';

/** What the local runtime has to say, one line each. No entry holds a query, a header or a body. */
export type LogEntry =
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'output'; readonly source: string; readonly text: string }
  | {
      readonly kind: 'request';
      readonly method: string;
      readonly path: string;
      readonly status: number;
      readonly milliseconds: number;
      readonly functionName: string | undefined;
      readonly cacheStatus: string | undefined;
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

/** A function as its author knows it: without what the CDK appends to make the id unique. */
export function shortName(functionName: string): string {
  return functionName.replace(/(Function)?[0-9A-F]{8}$/, '') || functionName;
}

/** A line for people. Colours only where the caller knows that a terminal reads it. */
export function formatLogEntry(entry: LogEntry, colour = false): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    colour ? styleText(style, text, { validateStream: false }) : text;
  if (entry.kind === 'note') return entry.text;
  if (entry.kind === 'output') return paint('dim', `  ${entry.source} | ${entry.text}`);
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
  const { method, path, status, milliseconds, functionName, cacheStatus } = entry;
  const statusStyle = status >= 500 ? 'red' : status >= 400 ? 'yellow' : 'green';
  return [
    method.padEnd(6),
    paint('bold', path),
    paint(statusStyle, String(status)),
    paint('dim', `${Math.round(milliseconds)} ms`),
    paint('dim', functionName ?? 'gateway'),
    ...(cacheStatus === undefined ? [] : [paint('cyan', cacheStatus)]),
  ].join(' ');
}
