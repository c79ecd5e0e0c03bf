import type { Deadline } from '../http/http-client.ts';
import { type PlatformClient, PlatformResponseError } from '../platform/platform-client.ts';
import { AppError } from '../problems.ts';
import { mayWorkFor, type OfflineGrants } from '../store/offline-grants.ts';
import { type BackgroundDependencies, backgroundContext } from './background-context.ts';
import type { StorefrontPathMessage } from './messages.ts';

/** Which calls of a storefront the platform forwards: those of one sales channel below `/ext/{path}`. */
export interface StorefrontPath {
  /** The sales channel's id. */
  readonly application: string;
  /** One segment of letters, digits, `-` and `_`, e.g. `wishlist`. */
  readonly path: string;
}

/** This extension, as it is registered. */
export interface ThisExtension {
  readonly baseUrl: string;
  readonly apiKey: string;
}

/** Whose sales channel it is, and a client that may say so. */
export interface PathOwner {
  readonly company: string;
  readonly platform: Pick<PlatformClient, 'post' | 'delete'>;
}

/** A path as it can be registered. */
export const storefrontPathPattern = /^[\w-]{1,64}$/;

/**
 * Has the platform forward `{storefront}/ext/{path}/…` to this extension's `/ext/{path}/…`. Calling it again does no harm, and
 * moves the path here where it led elsewhere.
 * @throws {PlatformResponseError} what the platform refuses; {AppError} `internal` for what is no such path.
 */
export async function registerStorefrontPath(
  own: ThisExtension,
  owner: PathOwner,
  place: StorefrontPath,
): Promise<void> {
  const url = addressOf(own, owner, place);
  const body = { attached_path: place.path, proxy_url: `${own.baseUrl}/ext/${place.path}` };
  try {
    await owner.platform.post(url, { body });
  } catch (error) {
    // Nobody knows what the platform says to a path that is there already.
    if (!(error instanceof PlatformResponseError && [400, 409, 422].includes(error.response.status))) throw error;
    await removeStorefrontPath(own, owner, place);
    await owner.platform.post(url, { body });
  }
}

/**
 * Has the platform forward it no longer. One that is not there is no mistake.
 * @throws {PlatformResponseError} what the platform refuses; {AppError} `internal` for what is no such path.
 */
export async function removeStorefrontPath(own: ThisExtension, owner: PathOwner, place: StorefrontPath): Promise<void> {
  try {
    await owner.platform.delete(`${addressOf(own, owner, place)}/${place.path}`);
  } catch (error) {
    if (!(error instanceof PlatformResponseError && error.response.status === 404)) throw error;
  }
}

function addressOf({ apiKey }: ThisExtension, { company }: PathOwner, { application, path }: StorefrontPath): string {
  if (!storefrontPathPattern.test(path)) {
    throw new AppError('internal', 'A storefront path is one segment, such as "wishlist".');
  }
  return `partners/v1.0/company/${company}/application/${application}/proxy/${apiKey}`;
}

export interface ProcessStorefrontPathDependencies extends BackgroundDependencies, ThisExtension {
  readonly grants: Pick<OfflineGrants, 'find'>;
}

/** What an operator asked for by `npm run storefront`. @throws as the two above. */
export async function processStorefrontPath(
  deps: ProcessStorefrontPathDependencies,
  { tenant, task, ...place }: StorefrontPathMessage,
  deadline: Deadline,
): Promise<'handled' | 'not_installed'> {
  const grant = await deps.grants.find(tenant);
  if (!mayWorkFor(grant)) return 'not_installed';
  const owner = backgroundContext(deps, tenant, deadline);
  await (task === 'register' ? registerStorefrontPath : removeStorefrontPath)(deps, owner, place);
  return 'handled';
}
