import { isUtf8 } from 'node:buffer';
import * as v from 'valibot';
import { parseJson } from '../http/json.ts';
import { AppError } from '../problems.ts';
import { applicationId, companyId, companyTenant, type Tenant } from '../tenant.ts';

const asText = v.pipe(v.union([v.string(), v.number()]), v.transform(String));

/** What nothing needs never fails a delivery: whatever else stands there is as if it were absent. */
const orAbsent = <Output>(wanted: v.GenericSchema<unknown, Output>) => v.fallback(v.optional(wanted), undefined);

/** One value or several; those that are none are left out. */
const listOf = <Output>(wanted: v.GenericSchema<unknown, Output>) =>
  v.optional(
    v.pipe(
      v.unknown(),
      v.transform((value) => [value].flat().filter((each) => v.is(wanted, each))),
      v.array(wanted),
    ),
    [],
  );

/** Epoch milliseconds, given as such or as a date of ISO 8601. */
const moment = v.pipe(
  v.union([v.number(), v.pipe(v.string(), v.trim(), v.nonEmpty())]),
  v.transform((value) => Number(typeof value === 'string' && isoDate.test(value) ? Date.parse(value) : value)),
  v.minValue(0),
  v.maxValue(8_640_000_000_000_000),
);
const isoDate = /^\d{4}-\d\d-\d\d/;

const schema = v.looseObject({
  company_id: orAbsent(v.pipe(asText, companyId, v.transform(companyTenant))),
  application_id: listOf(v.pipe(asText, applicationId)),
  contains: listOf(v.string()),
  event: v.looseObject({
    category: orAbsent(v.string()),
    name: v.string(),
    type: orAbsent(v.string()),
    version: orAbsent(asText),
    id: orAbsent(v.pipe(asText, v.nonEmpty())),
    created_timestamp: orAbsent(moment),
    trace_id: listOf(asText),
  }),
  payload: v.optional(v.unknown()),
});

/** A webhook's body as the platform sends it. Every id is text, whatever it was in the JSON. */
export interface WebhookEnvelope {
  /** Undefined where the body names none. */
  readonly tenant: Tenant | undefined;
  readonly applicationIds: readonly string[];
  readonly event: {
    readonly category: string;
    readonly name: string;
    readonly type: string;
    readonly version: string;
    readonly id: string | undefined;
    /** Epoch milliseconds; undefined where it is said by nothing that can be a moment. */
    readonly createdAtMs: number | undefined;
    readonly traceIds: readonly string[];
  };
  readonly contains: readonly string[];
  readonly payload: unknown;
}

/** Nested deeper than this is an attack, not an event: it would cost the stack to walk it. */
const maxDepth = 100;

/**
 * Reads a signed body. Integers that a number cannot hold are text in the payload.
 * @throws {AppError} `invalid_request` where it is not UTF-8, not JSON, nested too deeply, or names no event.
 */
export function parseEnvelope(body: Buffer): WebhookEnvelope {
  const refuse = (reason: string) => new AppError('invalid_request', `The body ${reason}.`);
  if (!isUtf8(body)) throw refuse('is not UTF-8');
  const text = body.toString('utf8');
  if (depthOf(text) > maxDepth) throw refuse(`is nested more than ${maxDepth} levels deep`);
  let json: unknown;
  try {
    json = parseJson(text);
  } catch {
    throw refuse('is not JSON');
  }
  const parsed = v.safeParse(schema, json, { abortEarly: true });
  if (!parsed.success) throw refuse(`has no valid ${v.getDotPath(parsed.issues[0]) ?? 'content'}`);
  const { company_id: tenant, application_id, contains, event, payload } = parsed.output;
  return {
    tenant,
    applicationIds: application_id,
    event: {
      category: event.category ?? '',
      name: event.name,
      type: event.type ?? '',
      version: event.version ?? '',
      id: event.id,
      createdAtMs: event.created_timestamp,
      traceIds: event.trace_id,
    },
    contains,
    payload,
  };
}

/** How deep brackets are nested, strings aside, without building anything. */
function depthOf(json: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let index = 0; index < json.length; index++) {
    const character = json[index];
    if (inString) {
      if (character === '\\') index += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{' || character === '[') deepest = Math.max(deepest, ++depth);
    else if (character === '}' || character === ']') depth -= 1;
  }
  return deepest;
}
