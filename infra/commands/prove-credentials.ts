import { sign } from '@gofynd/fp-signature';
import { StartError } from '../local/host/start-error.ts';

const patienceMs = 10_000;

/** What the platform says of an extension that it knows. */
export interface ExtensionDetails {
  /** As it is registered; undefined where the platform does not say. */
  readonly baseUrl: string | undefined;
}

/**
 * Asks the platform for the extension's details with the key and the secret: who is answered has the right ones.
 * @throws {StartError} with a sentence that holds neither of them.
 */
export async function proveCredentials(cluster: string, apiKey: string, apiSecret: string): Promise<ExtensionDetails> {
  const url = new URL(`${cluster}/service/panel/partners/v1.0/extensions/details/${encodeURIComponent(apiKey)}`);
  const date = `${new Date().toISOString().replaceAll(/[-:]/g, '').slice(0, 15)}Z`;
  const request = { method: 'GET', host: url.host, path: url.pathname };
  // As every call of the official libraries, under a public constant.
  const { 'x-fp-signature': signature } = sign({ ...request, headers: { host: url.host, 'x-fp-date': date } });
  const response = await fetch(url, {
    headers: {
      accept: 'application/json',
      authorization: `Basic ${btoa(`${apiKey}:${apiSecret}`)}`,
      'x-fp-date': date,
      'x-fp-signature': signature,
    },
    redirect: 'manual',
    signal: AbortSignal.timeout(patienceMs),
  }).catch((cause: unknown) => {
    throw new StartError(`The platform cannot be reached at ${cluster}. Nothing was stored.`, { cause });
  });
  if (response.status === 200) {
    const details = (await response.json().catch(() => undefined)) as { readonly base_url?: unknown } | undefined;
    return { baseUrl: typeof details?.base_url === 'string' ? details.base_url : undefined };
  }
  if ([400, 401, 403, 404].includes(response.status)) {
    throw new StartError(
      `The platform at ${cluster} does not accept this API key with this API secret (${response.status}). Nothing was stored: copy both from the partner panel.`,
    );
  }
  throw new StartError(
    `The platform at ${cluster} answered ${response.status} instead of the extension's details. Nothing was stored: try again.`,
  );
}
