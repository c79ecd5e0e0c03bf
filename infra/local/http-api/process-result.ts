import { validateHeaderName, validateHeaderValue } from 'node:http';

/** What goes over the wire: header names may repeat. */
export interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

/** A result that API Gateway answers with 500; the reason is for the developer's terminal only. */
export interface Malformed {
  readonly malformed: string;
}

/** Set by the gateway itself or of no meaning behind it. */
const notPassedOn = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'apigw-requestid',
]);

const bodilessStatuses = new Set([204, 205, 304]);

/**
 * Judges what a function returned (as JSON text) by the rules of payload format 2.0: without a numeric `statusCode` it
 * is the JSON body of a 200; with one, everything else must have its type.
 */
export function processResult(json: string): Answer | Malformed {
  const result: unknown = JSON.parse(json);
  if (!isRecord(result) || typeof result['statusCode'] !== 'number') {
    const body = typeof result === 'string' ? result : json;
    return { status: 200, headers: [['content-type', 'application/json']], body: Buffer.from(body) };
  }
  const { statusCode, headers = {}, cookies = [], body = '', isBase64Encoded = false } = result;
  if (!Number.isInteger(statusCode) || statusCode < 200 || statusCode > 599) {
    return { malformed: 'statusCode is not a whole number from 200 to 599' };
  }
  if (!isRecord(headers ?? {})) return { malformed: 'headers is not an object' };
  if (!isStrings(cookies ?? [])) return { malformed: 'cookies is not a list of strings' };
  if (typeof (body ?? '') !== 'string') return { malformed: 'body is not a string' };
  if (typeof (isBase64Encoded ?? false) !== 'boolean') return { malformed: 'isBase64Encoded is not a boolean' };

  const passedOn: [string, string][] = [];
  for (const [name, value] of Object.entries((headers ?? {}) as Record<string, unknown>)) {
    if (typeof value !== 'string') return { malformed: `the value of the header ${name} is not a string` };
    passedOn.push([name.toLowerCase(), value]);
  }
  const encoding = passedOn.find(([name]) => name === 'content-encoding')?.[1].toLowerCase() ?? 'identity';
  if (encoding !== 'identity' && isBase64Encoded !== true) {
    return { malformed: 'a body with a content-encoding must be base64, with isBase64Encoded: true' };
  }
  const hasBody = Boolean(body) && !bodilessStatuses.has(statusCode);
  if (encoding !== 'identity' && !hasBody) return { malformed: 'a result without a body has a content-encoding' };
  const answer = passedOn.filter(([name]) => !notPassedOn.has(name));
  const isTyped = answer.some(([name]) => name === 'content-type') || bodilessStatuses.has(statusCode);
  if (!isTyped) answer.push(['content-type', 'text/plain; charset=utf-8']);
  for (const cookie of (cookies ?? []) as string[]) answer.push(['set-cookie', cookie]);
  for (const [name, value] of answer) {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch {
      return { malformed: `the header ${JSON.stringify(name)} cannot be sent` };
    }
  }
  if (isBase64Encoded === true && !/^[A-Za-z0-9+/]*={0,2}$/.test((body ?? '') as string)) {
    return { malformed: 'isBase64Encoded is true and the body is not base64' };
  }
  return {
    status: statusCode,
    headers: answer,
    body: Buffer.from((body ?? '') as string, isBase64Encoded === true ? 'base64' : 'utf8'),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
