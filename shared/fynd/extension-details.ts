import * as v from 'valibot';
import type { Deadline, HttpClient } from '../http/http-client.ts';
import { parseJsonResponse } from '../http/json.ts';
import { clusterAddress } from './cluster-address.ts';
import { signatureDate, signV1 } from './signature.ts';
import type { Credentials } from './token-requests.ts';

const details = v.object({ scope: v.array(v.string()) });
const maxBytes = 256 * 1024;

/**
 * The most that an extension may ask for, as its details name it (`/service/panel/partners/v1.0/extensions/details/{api_key}`).
 * Undefined where the platform does not say.
 * @throws {AppError} `platform_error`, `platform_timeout`.
 */
export async function readScopeCeiling(
  deps: {
    readonly cluster: string;
    readonly credentials: Credentials;
    readonly httpClient: HttpClient;
    readonly now: () => Date;
  },
  deadline: Deadline,
): Promise<readonly string[] | undefined> {
  const { origin, target, headers } = extensionDetailsRequest(deps);
  const response = await deps.httpClient(
    { origin, method: 'GET', target, headers, body: undefined, maxResponseBytes: maxBytes },
    deadline,
  );
  if (response.status !== 200) return undefined;
  const parsed = v.safeParse(details, parseJsonResponse(response, { maxBytes }));
  return parsed.success ? parsed.output.scope : undefined;
}

/**
 * The request that reads an extension's details, or with a body changes them (`PATCH`), signed and with its credentials.
 */
export function extensionDetailsRequest({
  cluster,
  credentials: { apiKey, apiSecret },
  now,
  method = 'GET',
  body,
}: {
  readonly cluster: string;
  readonly credentials: Credentials;
  readonly now: () => Date;
  readonly method?: 'GET' | 'PATCH';
  readonly body?: string | undefined;
}) {
  const { origin, host, prefix, headers: regional } = clusterAddress(cluster);
  const target = `${prefix}/service/panel/partners/v1.0/extensions/details/${encodeURIComponent(apiKey)}`;
  const date = signatureDate(now());
  const headers = {
    ...regional,
    host,
    accept: 'application/json',
    'accept-encoding': 'identity',
    authorization: `Basic ${Buffer.from(`${apiKey}:${apiSecret}`).toString('base64')}`,
    'x-fp-date': date,
  };
  const signature = signV1({ method, target, headers, body }, date);
  return { origin, target, headers: { ...headers, 'x-fp-signature': signature } };
}
