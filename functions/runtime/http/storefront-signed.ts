import { requireStorefrontSignature } from '../../../shared/fynd/storefront-call.ts';
import { requirement } from '../chain.ts';
import { apiSecrets } from '../secrets.ts';
import { now } from '../settings.ts';
import type { HttpRequirement } from './http.ts';
import type { HttpRequest } from './http-messages.ts';
import { receivedRequest } from './received-request.ts';

/** The platform forwarded this for a shopper. @throws {AppError} as `requireStorefrontSignature`. */
export function storefrontSigned(): HttpRequirement<HttpRequest> {
  return requirement(async (request) => {
    // Whoever brings no signature costs no secret.
    const secrets = request.headers['x-fp-signature'] ? await apiSecrets() : [];
    requireStorefrontSignature(receivedRequest(request), secrets, now());
    return undefined;
  });
}
