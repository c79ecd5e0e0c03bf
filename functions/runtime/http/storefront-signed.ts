import { requireStorefrontSignature } from '../../../shared/fynd/storefront-call.ts';
import { requirement } from '../chain.ts';
import { withApiSecrets } from '../secrets.ts';
import { now } from '../settings.ts';
import type { HttpRequirement } from './http.ts';
import type { HttpRequest } from './http-messages.ts';
import { receivedRequest } from './received-request.ts';

/** The platform forwarded this for a shopper. @throws {AppError} as `requireStorefrontSignature`. */
export function storefrontSigned(): HttpRequirement<HttpRequest> {
  return requirement(async (request) => {
    await withApiSecrets(request.headers['x-fp-signature'], (secrets) =>
      requireStorefrontSignature(receivedRequest(request), secrets, now()),
    );
    return undefined;
  });
}
