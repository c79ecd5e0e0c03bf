import {
  type PathOwner,
  registerStorefrontPath as register,
  removeStorefrontPath as remove,
  type StorefrontPath,
} from '../../shared/background/storefront-paths.ts';
import { apiKey } from './secrets.ts';
import { baseUrl } from './settings.ts';

const own = async () => ({ baseUrl: baseUrl(), apiKey: await apiKey() });

/**
 * Has the platform forward `{storefront}/ext/{path}/…` to this extension's `/ext/{path}/…`. Calling it again does no harm, and
 * moves the path here where it led elsewhere.
 * @throws {PlatformResponseError} what the platform refuses; {AppError} `internal` for what is no such path.
 * @public for extensions
 */
export async function registerStorefrontPath(owner: PathOwner, place: StorefrontPath): Promise<void> {
  await register(await own(), owner, place);
}

/**
 * Has the platform forward it no longer. One that is not there is no mistake.
 * @throws as above.
 * @public for extensions
 */
export async function removeStorefrontPath(owner: PathOwner, place: StorefrontPath): Promise<void> {
  await remove(await own(), owner, place);
}
