import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';

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

/** The JSON in an answer of the platform, whether it was compressed unasked or not; undefined where there is none. */
export function parseJsonResponse({
  headers,
  body,
}: {
  headers: Readonly<Record<string, string>>;
  body: Buffer;
}): unknown {
  try {
    return parseJson(decoded(body, headers['content-encoding'] ?? 'identity').toString('utf8'));
  } catch {
    return undefined;
  }
}

const decoders: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  identity: (body) => body,
  gzip: (body) => gunzipSync(body, { maxOutputLength: 64 * 1024 * 1024 }),
  br: (body) => brotliDecompressSync(body, { maxOutputLength: 64 * 1024 * 1024 }),
  deflate: (body) => inflateSync(body, { maxOutputLength: 64 * 1024 * 1024 }),
};

function decoded(body: Buffer, encoding: string): Buffer {
  const decode = decoders[encoding.trim().toLowerCase()];
  if (decode === undefined) throw new Error(`Unknown content encoding`);
  return decode(body);
}
