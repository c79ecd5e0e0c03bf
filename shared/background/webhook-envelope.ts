import { isUtf8 } from 'node:buffer';
import * as v from 'valibot';
import { parseJson } from '../http/json.ts';
import { AppError } from '../problems.ts';
import { applicationId, companyId, companyTenant, type Tenant } from '../tenant.ts';

const asText = v.pipe(v.union([v.string(), v.number()]), v.transform(String));

const schema = v.looseObject({
  company_id: v.optional(v.nullable(v.pipe(asText, companyId, v.transform(companyTenant)))),
  /** One sales channel, or several. */
  application_id: v.optional(
    v.nullable(v.union([v.pipe(asText, applicationId), v.array(v.pipe(asText, applicationId))])),
  ),
  contains: v.optional(v.nullable(v.array(v.string()))),
  event: v.looseObject({
    category: v.optional(v.string()),
    name: v.string(),
    type: v.optional(v.string()),
    version: v.optional(asText),
    id: v.optional(v.nullable(asText)),
    created_timestamp: v.optional(
      v.nullable(v.pipe(v.union([v.number(), v.string()]), v.transform(Number), v.finite())),
    ),
    trace_id: v.optional(v.nullable(v.array(asText))),
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
    /** Epoch milliseconds. */
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
 * @throws {AppError} `invalid_request` where it is not UTF-8, not JSON, nested too deeply, or lacks a field.
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
  const { company_id, application_id, contains, event, payload } = parsed.output;
  return {
    tenant: company_id ?? undefined,
    applicationIds: [application_id ?? []].flat(),
    event: {
      category: event.category ?? '',
      name: event.name,
      type: event.type ?? '',
      version: event.version ?? '',
      id: event.id ?? undefined,
      createdAtMs: event.created_timestamp ?? undefined,
      traceIds: event.trace_id ?? [],
    },
    contains: contains ?? [],
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
