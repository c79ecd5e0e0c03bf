import type { BackgroundContext } from '../../shared/background/handlers.ts';
import { PlatformResponseError } from '../../shared/platform/platform-client.ts';
import { AppError } from '../../shared/problems.ts';
import { apiKey } from './secrets.ts';
import { baseUrl } from './settings.ts';

/** Which calls of a storefront the platform forwards: those of one sales channel below `/ext/{path}`. */
export interface StorefrontPath {
  /** The sales channel's id. */
  readonly application: string;
  /** One segment of letters, digits, `-` and `_`, e.g. `wishlist`. */
  readonly path: string;
}

type Company = Pick<BackgroundContext, 'company'> & {
  readonly platform: Pick<BackgroundContext['platform'], 'post' | 'delete'>;
};

/**
 * Has the platform forward `{storefront}/ext/{path}/…` to this extension's `/ext/{path}/…`. Calling it again does no harm,
 * and moves the path here where it led elsewhere.
 * @throws {PlatformResponseError} what the platform refuses; {AppError} `internal` for what is no such path.
 * @public for extensions
 */
export async function registerStorefrontPath(company: Company, place: StorefrontPath): Promise<void> {
  const url = await addressOf(company, place);
  const body = { attached_path: place.path, proxy_url: `${baseUrl()}/ext/${place.path}` };
  try {
    await company.platform.post(url, { body });
  } catch (error) {
    // Nobody knows what the platform says to a path that is there already.
    if (!(error instanceof PlatformResponseError && [400, 409, 422].includes(error.response.status))) throw error;
    await removeStorefrontPath(company, place);
    await company.platform.post(url, { body });
  }
}

/**
 * Has the platform forward it no longer. One that is not there is no mistake.
 * @throws {PlatformResponseError} what the platform refuses; {AppError} `internal` for what is no such path.
 */
export async function removeStorefrontPath(company: Company, place: StorefrontPath): Promise<void> {
  try {
    await company.platform.delete(`${await addressOf(company, place)}/${place.path}`);
  } catch (error) {
    if (!(error instanceof PlatformResponseError && error.response.status === 404)) throw error;
  }
}

async function addressOf({ company }: Company, { application, path }: StorefrontPath): Promise<string> {
  if (!/^[\w-]{1,64}$/.test(path))
    throw new AppError('internal', 'A storefront path is one segment, such as "wishlist".');
  return `partners/v1.0/company/${company}/application/${application}/proxy/${await apiKey()}`;
}
