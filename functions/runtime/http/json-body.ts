import { parseJson } from '../../../shared/http/json.ts';
import { AppError } from '../../../shared/problems.ts';

/** A JSON body; an integer that no number holds is its text. @throws {AppError} `invalid_request` where it is no JSON. */
export function jsonOf(body: Buffer | undefined): unknown {
  try {
    return parseJson(body?.toString('utf8') ?? '');
  } catch {
    throw new AppError('invalid_request', 'The body must be JSON.');
  }
}

/**
 * The fields of a small JSON body, each as text: ids may come as numbers.
 * @throws {AppError} `invalid_request` where the body is missing, no JSON or no object.
 */
export function jsonFields(body: Buffer | undefined): Record<string, string> {
  const refuse = (reason: string) => new AppError('invalid_request', `The body ${reason}.`);
  if (body === undefined || body.byteLength === 0) throw refuse('is missing');
  let json: unknown;
  try {
    json = parseJson(body.toString('utf8'));
  } catch {
    throw refuse('is not JSON');
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw refuse('is not a JSON object');
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(json)) {
    if (typeof value === 'string' || typeof value === 'number') fields[name] = String(value);
  }
  return fields;
}
