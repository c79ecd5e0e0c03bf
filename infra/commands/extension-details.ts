import { extensionDetailsRequest } from '../../shared/fynd/extension-details.ts';
import { StartError } from '../local/host/start-error.ts';

const patienceMs = 10_000;

/** What the platform says of an extension that it knows. */
export interface ExtensionDetails {
  /** As it is registered, without a slash at its end; undefined where the platform does not say. */
  readonly baseUrl: string | undefined;
  /** The most that may be asked for; undefined where the platform does not say. */
  readonly scopes: readonly string[] | undefined;
  /** Epoch milliseconds by the platform's clock, to the second; undefined where it sends no date. */
  readonly platformAtMs: number | undefined;
}

/** Whose details, and where they are asked for. */
export interface Registration {
  readonly cluster: string;
  readonly apiKey: string;
  readonly apiSecret: string;
}

/**
 * Asks the platform for the extension's details with the key and the secret: who is answered has the right ones.
 * @throws {StartError} with a sentence that holds neither of them.
 */
export async function readExtensionDetails(
  registration: Registration,
  signal?: AbortSignal,
): Promise<ExtensionDetails> {
  return await ask(registration, 'GET', undefined, signal);
}

/**
 * Sets the base URL that is registered, as `fdk extension launch-url set` does.
 * @throws {StartError} as above, and where the platform registers another one than it was given.
 */
export async function registerBaseUrl(registration: Registration, baseUrl: string): Promise<void> {
  const { baseUrl: registered } = await ask(registration, 'PATCH', JSON.stringify({ base_url: baseUrl }));
  if (registered !== undefined && registered !== baseUrl) {
    throw new StartError(`The platform now has the base URL ${registered}: set ${baseUrl} in the partner panel.`);
  }
}

async function ask(
  { cluster, apiKey, apiSecret }: Registration,
  method: 'GET' | 'PATCH',
  body?: string,
  signal?: AbortSignal,
): Promise<ExtensionDetails> {
  const credentials = { apiKey, apiSecret };
  const { origin, target, headers } = extensionDetailsRequest({
    cluster,
    credentials,
    now: () => new Date(),
    method,
    body,
  });
  const response = await fetch(origin + target, {
    method,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body }),
    redirect: 'manual',
    signal: AbortSignal.any([AbortSignal.timeout(patienceMs), ...(signal ? [signal] : [])]),
  }).catch((cause: unknown) => {
    throw new StartError(`The platform cannot be reached at ${cluster}.`, { cause });
  });
  if (response.status === 200) {
    const details = ((await response.json().catch(() => undefined)) ?? {}) as {
      readonly base_url?: unknown;
      readonly scope?: unknown;
    };
    const platformAtMs = Date.parse(response.headers.get('date') ?? '');
    return {
      baseUrl: typeof details.base_url === 'string' ? details.base_url.replace(/\/+$/, '') : undefined,
      scopes: Array.isArray(details.scope)
        ? details.scope.filter((scope): scope is string => typeof scope === 'string')
        : undefined,
      platformAtMs: Number.isNaN(platformAtMs) ? undefined : platformAtMs,
    };
  }
  if ([401, 403, 404].includes(response.status) || (method === 'GET' && response.status === 400)) {
    throw new StartError(
      `The platform at ${cluster} does not accept this API key with this API secret (${response.status}).`,
    );
  }
  const wanted = method === 'GET' ? 'instead of the extension’s details' : 'to the change of the base URL';
  throw new StartError(`The platform at ${cluster} answered ${response.status} ${wanted}.`);
}
