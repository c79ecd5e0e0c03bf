import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** What the functions of a run sign with, and what the stand-ins of that run demand. */
export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Another one in each run: a process that is not told it reads no secret and sends no message. */
export function makeAccessKey(): AccessKey {
  return {
    accessKeyId: `LOCAL${randomBytes(20).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString('base64url'),
  };
}

/** What AWS's services answer to whom they do not know. */
export interface Stranger {
  readonly status: 403;
  readonly body: { readonly __type: string; readonly message: string };
}

/**
 * Why a stand-in answers nothing to a request: it came by another name than loopback's, as a page does that another
 * site's name leads here, or it is not signed with the key of this run. The id in the signature is secret enough here:
 * whoever can read this machine's loopback traffic can read its files.
 */
export function refuseStranger(
  headers: { readonly host?: string | undefined; readonly authorization?: string | undefined },
  port: number | undefined,
  { accessKeyId }: AccessKey,
): Stranger | undefined {
  const refusal = (__type: string, message: string): Stranger => ({ status: 403, body: { __type, message } });
  if (!isLoopbackHost(headers.host, port)) {
    return refusal('AccessDeniedException', 'This host is not served: ask for localhost or 127.0.0.1.');
  }
  const [, given = ''] = /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\//.exec(headers.authorization ?? '') ?? [];
  const digest = (text: string) => createHash('sha256').update(text).digest();
  if (timingSafeEqual(digest(given), digest(accessKeyId))) return undefined;
  return refusal('UnrecognizedClientException', 'The access key is not the one of this run.');
}

/** Whether a Host field names loopback; with a port, only at that one. */
export function isLoopbackHost(host: string | undefined, port?: number): boolean {
  const [, name, given] = /^(localhost|127\.0\.0\.1|\[::1\])(?::(\d+))?$/i.exec(host ?? '') ?? [];
  return name !== undefined && (port === undefined || Number(given ?? 80) === port);
}
