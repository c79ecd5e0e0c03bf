import * as v from 'valibot';
import { AppError } from '../../../shared/problems.ts';

/** A field of a form or a query: a value, several, or none. */
type Fields = URLSearchParams | Readonly<Record<string, string | undefined>>;

/**
 * The door for what callers send: checks the fields that the schema names and passes over others.
 * @throws {AppError} `invalid_request`, naming the field and never its value.
 */
export function input<Entries extends v.ObjectEntries>(
  schema: v.ObjectSchema<Entries, undefined>,
  fields: Fields,
): v.InferOutput<v.ObjectSchema<Entries, undefined>> {
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
