import * as v from 'valibot';
import { companyId } from '../../../shared/tenant.ts';
import { StartError } from '../../local/host/start-error.ts';
import { type Condition, type LogQueryName, logQueries, type Wanted } from '../../log-queries.ts';
import { parseOptions, usageError } from '../run-command.ts';
import { type WhichExtension, whichExtension, whichStackUsage } from '../select-extension.ts';

const queryNames = Object.keys(logQueries) as LogQueryName[];

const usage = `npm run logs [-- options]

Shows what a deployed extension writes, of all its functions in one order. Changes nothing. Ctrl-C ends it.

  --company ID     of this company
  --request ID     of this request: its id, as error pages show it, or that of its Lambda invocation
  --trace ID       of this trace: X-Ray's id, or the platform's X-Fynd-Trace-Id
  --errors         what failed or warns
  --query NAME     what a saved query asks; without a name: which there are
  --function NAME  of this function alone, such as Worker; gateway is the access log
  --since TIME     30m, 12h, 7d, or a time such as 2026-11-26T01:30Z. Default: 1h; 1d with --request or --trace
  --follow, -f     goes on, and shows what comes
  --json           prints an object for each line: written_at, source, line
  --assembly DIR   the cloud assembly that was deployed, for places in the sources. Default: cdk.out

Which extension: the deployed one, in AWS or wherever AWS_ENDPOINT_URL leads.
${whichStackUsage}

The extension that runs on this machine prints its log where npm start runs, and keeps none.`;

export interface LogsOptions {
  /** What must hold of a line. */
  readonly wanted: Wanted;
  /** Ids of a request or trace that were asked for. */
  readonly ids: readonly string[];
  readonly errors: boolean;
  readonly functionName: string | undefined;
  /** Epoch milliseconds. */
  readonly sinceMs: number;
  readonly follow: boolean;
  readonly json: boolean;
  readonly colour: boolean;
  readonly assembly: string;
  /** The deployed extension that they are of. */
  readonly which: WhichExtension;
}

/** By which names a request, and what it set going, and a trace are known in lines. */
const requestFields = ['request_id', 'lambda_request_id', 'message_id', 'caused_by', 'requestId'];
const traceFields = ['trace_id', 'platform_trace_id'];

/**
 * What `npm run logs` was asked for; or what it says instead, where help or the list of queries is wanted.
 * @throws {StartError} with a sentence about the first option that is wrong.
 */
export function readLogsOptions(given: readonly string[], nowMs: number): LogsOptions | { readonly says: string } {
  const values = parse(given);
  if (values.help) return { says: usage };
  const { company, request, trace, query, since, errors, follow, json, assembly, ...which } = values;
  if (query === '') return { says: listQueries() };
  if (values.local) {
    throw new StartError('The extension on this machine prints its log where npm start runs, and keeps none.');
  }
  const ids = [request, trace].filter((each) => each !== undefined);
  if (company !== undefined && !v.is(companyId, company)) {
    throw new StartError('--company must be an id of 1 to 18 digits.');
  }
  // What stands in a pattern of CloudWatch's must not end it.
  if (!ids.every((id) => /^[\w=+/:.-]{1,128}$/.test(id))) {
    throw new StartError('--request and --trace must be ids, as error pages and logs show them.');
  }
  const isAny = (fields: readonly string[], is: string): Condition[] => fields.map((field) => ({ field, is }));
  return {
    wanted: [
      ...(company === undefined ? [] : [isAny(['company_id'], company)]),
      ...(request === undefined ? [] : [isAny(requestFields, request)]),
      ...(trace === undefined ? [] : [isAny(traceFields, trace)]),
      ...(query === undefined ? [] : [conditionsOf(query)]),
    ],
    ids,
    errors,
    functionName: values.function,
    sinceMs: sinceOf(since ?? (ids.length > 0 ? '1d' : '1h'), nowMs),
    follow,
    json,
    colour: process.stdout.isTTY && !process.env['NO_COLOR'],
    assembly,
    which,
  };
}

function parse(given: readonly string[]) {
  // Its name may be missing, which parseArgs knows of no option.
  const args = given.flatMap((argument, index) => {
    const isBare = argument === '--query' && (given[index + 1] ?? '-').startsWith('-');
    return isBare ? ['--query='] : [argument];
  });
  const { values, positionals } = parseOptions(
    usage,
    {
      company: { type: 'string' },
      request: { type: 'string' },
      trace: { type: 'string' },
      errors: { type: 'boolean', default: false },
      query: { type: 'string' },
      function: { type: 'string' },
      since: { type: 'string' },
      follow: { type: 'boolean', short: 'f', default: false },
      assembly: { type: 'string', default: 'cdk.out' },
      ...whichExtension,
    },
    args,
  );
  if (positionals.length > 0) throw usageError(usage, 'This command takes options only.');
  return values;
}

function conditionsOf(name: string): readonly Condition[] {
  const found = queryNames.find((each) => each === name);
  if (found !== undefined) return logQueries[found].anyOf;
  throw new StartError(`There is no such saved query. There are: ${queryNames.join(', ')}.`);
}

function listQueries(): string {
  const width = Math.max(...queryNames.map((name) => name.length));
  return queryNames.map((name) => `${name.padEnd(width)}  ${logQueries[name].question}`).join('\n');
}

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function sinceOf(text: string, nowMs: number): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const atMs = unit === undefined ? Date.parse(text) : nowMs - Number(count) * unitMs[unit as keyof typeof unitMs];
  if (atMs >= 0 && atMs <= nowMs) return atMs;
  throw new StartError('--since must be a time in the past: 30m, 12h, 7d, or a time such as 2026-11-26T01:30Z.');
}
