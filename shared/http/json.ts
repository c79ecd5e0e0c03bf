import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';

/** JSON.parse hands its reviver the source text (https://github.com/tc39/proposal-json-parse-with-source). */
const parse = JSON.parse as (
  text: string,
  reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
) => unknown;

/**
 * JSON as it was meant: an integer that a number cannot hold becomes its text, so that two ids never become one. A byte
 * order mark is passed over.
 * @throws {SyntaxError}
 */
export function parseJson(text: string): unknown {
  return parse(text.replace(/^\ufeff/, ''), (_key, value, { source }) =>
    typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) && /^-?\d+$/.test(source ?? '')
      ? source
      : value,
  );
}

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
