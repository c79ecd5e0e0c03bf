import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { AppError } from '../problems.ts';

/**
 * JSON as it was meant: an integer that a number cannot hold becomes its text, so that two ids never become one. A byte
 * order mark is passed over.
 * @throws {SyntaxError}
 */
export function parseJson(text: string): unknown {
  const json = text.startsWith('\ufeff') ? text.slice(1) : text;
  const value: unknown = JSON.parse(json);
  if (!mayHoldLongInteger(json)) return value;
  // A reviver that is handed the source would look at every value: twice the price, and no deep nesting.
  return JSON.parse(
    json.replaceAll(stringOrLongInteger, (token) =>
      token.startsWith('"') || Number.isSafeInteger(Number(token)) ? token : `"${token}"`,
    ),
  );
}

/** In JSON that was parsed, each match is one of them whole: no part of a fraction, an exponent or a string. */
const stringOrLongInteger = /"(?:[^"\\]+|\\.)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g;

/** An integer of fewer digits is one that a number can hold. */
const longDigits = 16;

/**
 * Whether there are as many digits in a row where a number may begin, which may also be within a string. One digit in
 * sixteen is enough to find them.
 */
function mayHoldLongInteger(text: string): boolean {
  const isDigit = (at: number) => {
    const unit = text.charCodeAt(at);
    return unit >= 48 && unit <= 57;
  };
  for (let at = longDigits - 1; at < text.length; at += longDigits) {
    if (!isDigit(at)) continue;
    let first = at;
    while (isDigit(first - 1)) first -= 1;
    while (isDigit(at + 1)) at += 1;
    if (at - first + 1 >= longDigits && (first === 0 || beforeNumber.has(text.charAt(first - 1)))) return true;
  }
  return false;
}

const beforeNumber = new Set('-:,[ \t\r\n');

/** What the Platform API may send as JSON, decoded. A function could not hand on as much. */
export const maxApiJsonBytes = 8 * 1024 * 1024;

interface EncodedBody {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/**
 * The JSON in a response, whether it was compressed unasked or not. Undefined where there is none, and where there are
 * more than `maxBytes` of it, as it came or decoded.
 */
export function parseJsonResponse(response: EncodedBody, { maxBytes }: { maxBytes: number }): unknown {
  try {
    return parseJson(decodeBody(response, { maxBytes }).toString('utf8'));
  } catch {
    return undefined;
  }
}

/**
 * A response's bytes without their content encoding. Decoding ends where `maxBytes` are exceeded, so that a few bytes
 * that would become many cost no more than those.
 * @throws {AppError} `response_too_large` beyond `maxBytes`, as they came or decoded; `platform_error` where the encoding
 * is unknown or the bytes are not in it.
 */
export function decodeBody({ headers, body }: EncodedBody, { maxBytes }: { maxBytes: number }): Buffer {
  const encoding = (headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  const tooLarge = () =>
    new AppError('response_too_large', `The platform answered with more than the ${maxBytes} bytes that are read.`);
  if (body.byteLength > maxBytes) throw tooLarge();
  if (encoding === 'identity') return body;
  try {
    const decode = decoders.get(encoding);
    if (decode !== undefined) return decode(body, { maxOutputLength: maxBytes });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
  }
  throw new AppError('platform_error', 'The platform answered in an encoding that is unknown or damaged.');
}

const decoders = new Map([
  ['gzip', gunzipSync],
  ['br', brotliDecompressSync],
  ['deflate', inflateSync],
]);
