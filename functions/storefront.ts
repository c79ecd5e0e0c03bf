import { AppError } from '../shared/problems.ts';
import { http } from './runtime/http/http.ts';
import { storefrontSigned } from './runtime/http/storefront-signed.ts';

/** `ANY /ext/{path+}`: what the platform forwards for a shopper and no handler of the author's is configured for. */
export const handler = http()
  .use(storefrontSigned())
  .handler(() => Promise.reject(new AppError('not_found', 'The extension has no storefront handler for this path.')));
