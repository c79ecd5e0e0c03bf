import { channel } from 'node:diagnostics_channel';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { ConfigurationError } from '../../shared/config.ts';
import { environment, errorChannel } from '../../shared/contract.ts';
import type { MetricName } from '../../shared/metrics.ts';
import { PlatformResponseError } from '../../shared/platform/platform-client.ts';
import { AppError } from '../../shared/problems.ts';
import type { Tenant } from '../../shared/tenant.ts';
import type { HttpResponse } from './http/http-messages.ts';
import { count, takeMetrics } from './metric.ts';
import { sampledTrace } from './trace.ts';

/** Put in front of a bundle where it is made: the entry file and a digest, by which its source map is found. */
declare const $build: string;

const errors = channel(errorChannel);

/**
 * One line of JSON per request, from an allow-list: no query string, no header of the caller's, no body, no message of
 * an unknown error can get into it.
 */
export function logRequest(request: {
  event: APIGatewayProxyEventV2;
  context: Context | undefined;
  response: HttpResponse;
  error: unknown;
  durationMs: number;
  /** Whom it is about, where that is known; perhaps only what the caller says. */
  tenant?: Tenant | undefined;
}): void {
  const { event, context, response, error, durationMs, tenant } = request;
  const failed = failures[response.warning ?? ''];
  if (failed !== undefined) count(failed);
  logInvocation(context, {
    level: response.status >= 500 ? 'error' : 'info',
    request_id: event.requestContext.requestId,
    method: event.requestContext.http.method,
    route: event.routeKey,
    ...(tenant === undefined ? {} : { [`${tenant.kind}_id`]: tenant.id }),
    status: response.status,
    duration_ms: Math.round(durationMs),
    cache: response.headers?.['cache-status'],
    outcome: response.outcome,
    warning: response.warning,
    ...(error === undefined ? {} : describeError(error)),
  });
}

/** Warnings that are counted. */
const failures: Readonly<Record<string, MetricName>> = {
  response_not_stored: 'ResponsesNotStored',
  epoch_not_moved: 'EpochsNotMoved',
  work_not_queued: 'WorkNotQueued',
  launched_hook_failed: 'LaunchedHooksFailed',
};

let noted: Record<string, string> = {};

/** Puts a field into the line that this request or message writes anyway. */
export function noteForLine(name: 'platform_trace_id', value: string): void {
  noted[name] = value;
}

/**
 * The one line of a request or a message: what became of it, the ids under which Lambda, X-Ray and the platform know
 * it, and all that was counted meanwhile.
 */
export function logInvocation(
  context: Pick<Context, 'awsRequestId'> | undefined,
  fields: Readonly<Record<string, unknown>>,
): void {
  const ids = { lambda_request_id: context?.awsRequestId, trace_id: sampledTrace()?.root, ...noted };
  noted = {};
  const metrics = takeMetrics();
  // What went well, where the log is for errors alone: what it counts is wanted all the same.
  if (!isWanted(fields)) {
    if (metrics !== undefined) write(metrics);
    return;
  }
  writeLog({ ...fields, ...ids, ...metrics });
}

const concealed = new Set<string>();

/** Keeps a secret out of every line that `writeLog` writes. Texts under eight characters would also hide what is none. */
export function conceal(secret: string): void {
  if (secret.length >= 8) concealed.add(JSON.stringify(secret).slice(1, -1));
}

/** A line of JSON, with the time; where the log is for errors alone, only of one, or of what an author counts. */
export function writeLog(fields: Readonly<Record<string, unknown>>): void {
  if (isWanted(fields)) write({ time: new Date().toISOString(), ...fields });
}

function isWanted(fields: Readonly<Record<string, unknown>>): boolean {
  return fields['level'] !== 'info' || '_aws' in fields || process.env[environment.logLevel] !== 'error';
}

function write(fields: object): void {
  let line = JSON.stringify(fields);
  for (const secret of concealed) line = line.replaceAll(secret, '[secret]');
  process.stdout.write(`${line}\n`);
}

/**
 * The kind and place of an error, or the words of one of ours: never the message of an unknown one. Whoever subscribes to
 * the channel is handed the error itself, unless it is a refusal that the caller was told of.
 */
export function describeError(error: unknown): object {
  try {
    if (!(error instanceof AppError) || error.status >= 500) errors.publish(error);
    return wordsFor(error);
  } catch {
    // Whatever was thrown does not let itself be looked at.
    return { code: 'internal', error: 'unreadable' };
  }
}

function wordsFor(error: unknown): object {
  if (error instanceof AppError) {
    const { cause } = error;
    const because =
      cause instanceof PlatformResponseError
        ? { ...askedOf(cause), ...placeOf(cause) }
        : cause instanceof Error
          ? { cause: nameOf(cause) }
          : {};
    return { code: error.code, detail: error.message, ...because };
  }
  // A mistake of whoever set this up, who reads the log to find it.
  if (error instanceof ConfigurationError) return { code: 'internal', error: error.name, detail: error.message };
  if (!(error instanceof Error)) return { code: 'internal', error: typeof error };
  if (error instanceof PlatformResponseError) {
    return { code: 'platform_error', ...askedOf(error), ...placeOf(error) };
  }
  return { code: 'internal', error: nameOf(error), ...placeOf(error) };
}

function askedOf({ response, request }: PlatformResponseError): object {
  return { platform_status: response.status, platform_request: request };
}

/** `npm run trace` resolves it. */
function placeOf(error: Error): object {
  return { at: framesOf(error), build: typeof $build === 'undefined' ? undefined : $build };
}

/** The kind of an error, with its system code (`ECONNREFUSED`) where it has one. */
function nameOf(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? ` ${error.code}` : '';
  return `${error.name}${code}`;
}

/**
 * Where it was thrown. A stack begins with the message, whose own lines may look like frames: they are cut off, and where
 * the message is another one than the stack begins with, there are no frames.
 */
function framesOf({ stack = '', message }: Error): string[] {
  const [name = ''] = /^[\w$.]*(?: \[\w+\])?(?:: )?/.exec(stack) ?? [];
  // There was no message when it was thrown, or there is this one.
  const header = [name.replace(/: $/, ''), `${name}${message}`].find((each) => stack.startsWith(`${each}\n`));
  if (header === undefined) return [];
  return stack
    .slice(header.length)
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 8)
    .map((line) => line.trim());
}
