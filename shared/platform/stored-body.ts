import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { acceptsCoding } from '../http/accepts-coding.ts';
import { parseCacheControl } from '../http/cache-control.ts';
import type { CacheEntry } from '../store/user-cache.ts';

/** The body of a response as it is stored. */
export type StoredBody = Pick<CacheEntry, 'body' | 'coding'>;

/**
 * Level 1 makes 54 KB of JSON 8 KB in 0.14 ms, less time than the bytes that it saves take to travel. Another
 * thread would cost 0.06 ms of processor time more for the handing over, and an instance has nothing else to do meanwhile.
 */
export function compressBody(body: Buffer): StoredBody {
  if (body.byteLength < 1_024) return { body, coding: 'identity' };
  const packed = brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
  return packed.byteLength < body.byteLength ? { body: packed, coding: 'br' } : { body, coding: 'identity' };
}

/**
 * Whether what is stored may travel as compressed as it is, so that neither we nor the gateway do anything to it: the caller takes
 * it so, and the platform neither compressed it itself nor forbids it (`no-transform`, RFC 9110 §7.7). The ETag stays
 * the platform's, which alone knows what `If-Match` means.
 */
export function mayTravelCompressed(
  { coding }: StoredBody,
  acceptEncoding: string | undefined,
  headers: Readonly<Record<string, string>>,
): boolean {
  return (
    coding === 'br' &&
    acceptsCoding(acceptEncoding, 'br') &&
    headers['content-encoding'] === undefined &&
    !parseCacheControl(headers['cache-control']).has('no-transform')
  );
}

/** The body as the platform sent it. */
export function decompressBody({ body, coding }: StoredBody): Buffer {
  return coding === 'br' ? brotliDecompressSync(body) : Buffer.from(body);
}
