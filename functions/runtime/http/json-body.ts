import { parseJson } from '../../../shared/http/json.ts';
import { AppError } from '../../../shared/problems.ts';

/** More than any lifecycle call needs: parsing what somebody sends us costs time. */
export const maxLifecycleBodyBytes = 8 * 1024;

/**
 * The body, where it has no more than so many bytes.
 * @throws {AppError} `invalid_request` (413).
 */
export function limitedBody(body: Buffer | undefined, maxBytes: number): Buffer {
  if (body !== undefined && body.byteLength > maxBytes) {
    throw new AppError('invalid_request', `The body is larger than ${maxBytes} bytes.`, { status: 413 });
  }
  return body ?? Buffer.alloc(0);
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
