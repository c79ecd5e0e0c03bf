import { type LifecycleSignature, lifecycleSignature } from '../../../shared/install/verify-lifecycle.ts';
import { AppError } from '../../../shared/problems.ts';
import { requirement } from '../chain.ts';
import { withApiSecrets } from '../secrets.ts';
import { now } from '../settings.ts';
import type { HttpRequirement } from './http.ts';
import type { HttpRequest } from './http-messages.ts';
import { receivedRequest } from './received-request.ts';

/** More than any lifecycle call needs. Anybody can send one, and parsing costs time. */
const maxBodyBytes = 8 * 1024;

/**
 * `request.signature`: what the signature of a lifecycle call proves, which needs none.
 * @throws {AppError} `content_too_large` above 8 KB, `signature_mismatch` as `lifecycleSignature`.
 */
export function lifecycleCall(): HttpRequirement<HttpRequest, { readonly signature: LifecycleSignature }> {
  return requirement(async (request) => {
    const { body, headers } = request;
    if (body !== undefined && body.byteLength > maxBodyBytes) {
      throw new AppError('content_too_large', `The body is larger than ${maxBodyBytes} bytes.`);
    }
    const signature = await withApiSecrets(headers['x-fp-signature'], (secrets) =>
      lifecycleSignature(receivedRequest(request), secrets, now()),
    );
    return { signature };
  });
}
