import { event } from '../../functions/runtime/background.ts';
import { registerStorefrontPath } from '../../functions/runtime/storefront-paths.ts';

/** Has the storefronts that an event is about forward what is below `/ext/wishlist`. */
export const handler = event(async ({ applications, ...company }) => {
  for (const application of applications) {
    await registerStorefrontPath(company, { application, path: 'wishlist' });
  }
});
