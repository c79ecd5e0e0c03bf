import * as v from 'valibot';
import { parseJson } from '../http/json.ts';
import { AppError } from '../problems.ts';
import { applicationId, companyId } from '../tenant.ts';
import { isSignedV2, parseSignatureDate, type ReceivedRequest, signatureWindowMs } from './signed-request.ts';

/** The sales channel that a shopper's call came through, as the platform signed it. */
export interface StorefrontApplication {
  readonly id: string;
  readonly name: string | undefined;
  /** Opens the storefront API, as the storefront itself does. */
  readonly token: string | undefined;
  readonly companyId: string;
}

/** The person who is signed in at the storefront, as the platform tells. */
export type Shopper = Readonly<Record<string, unknown>>;

/** Signers resolve these segments: one signature would be good for paths of several handlers. */
const ambiguousPath = /^[^?]*\/(\/|(\.|%2e){1,2}(\/|\?|$))/i;
const signedHeaders = ['x-user-data', 'x-fp-date', 'host', 'x-application-data', 'x-fp-sdk-version'];

/**
 * Demands the signature of what the platform forwards for a shopper: version 2, over method, path, query, headers and
 * the bytes of the body, five minutes around its date.
 * @param secrets the API secret, and the one before it while that counts.
 * @throws {AppError} `signature_required`, `signature_expired`, `signature_mismatch`; `invalid_request` for a path with
 * empty or dot segments.
 */
export function requireStorefrontSignature(request: ReceivedRequest, secrets: readonly string[], now: Date): void {
  const { headers } = request;
  if (!headers['x-fp-signature']) throw new AppError('signature_required', 'x-fp-signature is missing.');
  const signedAtMs = parseSignatureDate(headers['x-fp-date'] ?? '');
  if (!(Math.abs(now.getTime() - signedAtMs) <= signatureWindowMs)) {
    throw new AppError('signature_expired', 'x-fp-date is missing, or not within five minutes of now.');
  }
  if (ambiguousPath.test(request.target)) {
    throw new AppError(
      'invalid_request',
      'The path has an empty or a dot segment. A signature does not tell it from the path without it.',
    );
  }
  if (isSignedV2(request, signedHeaders, secrets)) return;
  throw new AppError(
    'signature_mismatch',
    'x-fp-signature is not the signature of this request. A path in which a slash or a question mark is escaped cannot be verified: send such values in the query.',
  );
}

const text = v.optional(v.fallback(v.union([v.string(), v.undefined()]), undefined));
const id = <Schema extends v.GenericSchema<string, string>>(schema: Schema) =>
  v.pipe(v.union([v.string(), v.number()]), v.transform(String), schema);
const applicationData = v.object({ _id: applicationId, company_id: id(companyId), name: text, token: text });

/**
 * The sales channel in `x-application-data`, and the company whose it is. Trust it where the call's signature was judged.
 * @throws {AppError} `invalid_request`, naming the header and its field.
 */
export function parseApplicationData(header: string | undefined): StorefrontApplication {
  const result = v.safeParse(applicationData, jsonOf('x-application-data', header ?? ''), { abortEarly: true });
  if (!result.success) {
    const field = v.getDotPath(result.issues[0]);
    const place = field === null ? 'x-application-data' : `${field} in x-application-data`;
    throw new AppError('invalid_request', `${place} is missing or not valid.`);
  }
  const { _id, company_id, name, token } = result.output;
  return { id: _id, companyId: company_id, name, token };
}

/**
 * The shopper in `x-user-data`; undefined where nobody is signed in.
 * @throws {AppError} `invalid_request`.
 */
export function parseUserData(header: string | undefined): Shopper | undefined {
  if (!header) return undefined;
  const json = jsonOf('x-user-data', header);
  if (typeof json !== 'object' || Array.isArray(json)) {
    throw new AppError('invalid_request', 'x-user-data is not a JSON object.');
  }
  return json === null || Object.keys(json).length === 0 ? undefined : (json as Shopper);
}

function jsonOf(name: string, header: string): unknown {
  try {
    return parseJson(header);
  } catch {
    throw new AppError('invalid_request', `${name} is missing or not JSON.`);
  }
}
