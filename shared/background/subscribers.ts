import * as v from 'valibot';
import type { HttpClientResponse } from '../http/http-client.ts';
import { maxApiJsonBytes, parseJsonResponse } from '../http/json.ts';
import { AppError } from '../problems.ts';

/** Calls the platform as the company: `path` below `/service/`, with its query. */
export type Call = (method: string, path: string, body?: unknown) => Promise<HttpClientResponse>;

const subscriber = v.object({
  id: v.union([v.string(), v.number()]),
  provider: v.optional(
    v.pipe(
      v.nullable(v.string()),
      v.transform((provider) => provider ?? 'rest'),
    ),
    'rest',
  ),
  status: v.optional(v.nullable(v.string())),
  event_configs: v.optional(
    v.fallback(
      v.array(v.looseObject({ subscriber_event_mapping: v.looseObject({ status: v.nullish(v.string()) }) })),
      [],
    ),
    [],
  ),
});
const page = v.looseObject({
  items: v.array(subscriber),
  page: v.fallback(v.looseObject({ has_next: v.optional(v.boolean(), false) }), { has_next: false }),
});

/** A subscriber of this extension, as far as anybody here looks at it: never its secret. */
export type Subscriber = v.InferOutput<typeof subscriber>;

const pageSize = 100;

/**
 * The company's subscribers, by provider, whatever pages the platform lists them on. None where it knows no such list.
 * @throws {AppError} `platform_error` where it does not list them.
 */
export async function listSubscribers(
  { companyId, apiKey }: { readonly companyId: string; readonly apiKey: string },
  call: Call,
): Promise<Map<string, Subscriber>> {
  const found = new Map<string | number, Subscriber>();
  for (let number = 1, isMore = true; isMore; number++) {
    const path = `platform/webhook/v1.0/company/${companyId}/extension/${apiKey}/subscriber`;
    const answer = await call('GET', `${path}?page_no=${number}&page_size=${pageSize}`);
    if (answer.status === 404) break;
    const parsed = v.safeParse(page, parseJsonResponse(answer, { maxBytes: maxApiJsonBytes }));
    if (answer.status >= 400 || !parsed.success) {
      throw new AppError('platform_error', `The platform did not list its subscribers (${answer.status}).`);
    }
    const known = found.size;
    for (const each of parsed.output.items) found.set(each.id, each);
    // A platform that shows the same page again and again has no more of them.
    isMore = parsed.output.page.has_next && found.size > known;
  }
  return new Map([...found.values()].map((each) => [each.provider, each]));
}
