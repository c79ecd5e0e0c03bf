import { createHmac, hash } from 'node:crypto';

type Source = string | ArrayBuffer | ArrayBufferView;

/**
 * SHA-256 and, with a secret, its HMAC (RFC 2104), as request signing asks the SDK's clients for it. Their own makes a
 * hash object at once and another at each digest; all of this is known before the digest is asked for.
 */
export class OneShotSha256 {
  readonly #secret: Buffer | undefined;
  #chunks: Buffer[] = [];

  constructor(secret?: Source) {
    this.#secret = secret === undefined ? undefined : toBuffer(secret);
  }

  update(chunk: Source): void {
    this.#chunks.push(toBuffer(chunk));
  }

  digest(): Promise<Uint8Array> {
    const [first, ...others] = this.#chunks;
    const content = first !== undefined && others.length === 0 ? first : Buffer.concat(this.#chunks);
    return Promise.resolve(
      this.#secret === undefined
        ? hash('sha256', content, 'buffer')
        : createHmac('sha256', this.#secret).update(content).digest(),
    );
  }

  reset(): void {
    this.#chunks = [];
  }
}

function toBuffer(source: Source): Buffer {
  if (typeof source === 'string') return Buffer.from(source);
  return ArrayBuffer.isView(source)
    ? Buffer.from(source.buffer, source.byteOffset, source.byteLength)
    : Buffer.from(source);
}
