import * as v from 'valibot';
import { AppError } from '../../../shared/problems.ts';
import { requirement } from '../chain.ts';
import { type HttpRequirement } from './http.ts';
import type { HttpRequest } from './http-messages.ts';
import { jsonFields } from './json-body.ts';

/** A field of a form or a query: a value, several, or none. */
type Fields = URLSearchParams | Readonly<Record<string, string | undefined>>;
type Schema<Entries extends v.ObjectEntries> = v.ObjectSchema<Entries, undefined>;

const sources = {
  query: ({ query }: HttpRequest): Fields => query,
  body: ({ body }: HttpRequest): Fields => jsonFields(body),
};

/**
 * `request.input`: what callers send, in the query or the fields of a JSON body, as the schema says.
 * @throws {AppError} `invalid_request`, naming the field and never its value.
 */
export function input<Entries extends v.ObjectEntries>(
  source: keyof typeof sources,
  schema: Schema<Entries>,
): HttpRequirement<HttpRequest, { readonly input: v.InferOutput<Schema<Entries>> }> {
  return requirement((request) => ({ input: parseFields(schema, sources[source](request)) }));
}

/**
 * The door for what callers send: checks the fields that the schema names and passes over others.
 * @throws {AppError} `invalid_request`, naming the field and never its value.
 */
export function parseFields<Entries extends v.ObjectEntries>(
  schema: Schema<Entries>,
  fields: Fields,
): v.InferOutput<Schema<Entries>> {
  const given: Record<string, string> = {};
  for (const name of Object.keys(schema.entries)) {
    const values =
      fields instanceof URLSearchParams ? fields.getAll(name) : [fields[name]].filter((value) => value !== undefined);
    if (values.length > 1) throw new AppError('invalid_request', `${name} is given more than once.`);
    if (values[0] !== undefined) given[name] = values[0];
  }
  const result = v.safeParse(schema, given, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const field = v.getDotPath(issue) ?? 'A parameter';
  const isMissing = given[field] === undefined;
  const reason = isMissing ? 'is missing' : issue.message.startsWith('must ') ? issue.message : 'is not valid';
  throw new AppError('invalid_request', `${field} ${reason}.`);
}
