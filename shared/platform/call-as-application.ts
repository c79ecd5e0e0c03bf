import { type PlatformCall, platformRequest, sendWithRetry } from '../fynd/platform-request.ts';
import type { Deadline, HttpClient, HttpClientResponse } from '../http/http-client.ts';

/** A sales channel's id and token, which the storefront itself shows to everybody. */
interface ApplicationCredentials {
  readonly id: string;
  readonly token: string;
}

/**
 * Calls the storefront API, `/service/application/…`, as the storefront does: `Bearer base64(id:token)`. It may see what
 * any visitor may see.
 * @throws {AppError} `platform_error`, `platform_timeout`.
 */
export async function callAsApplication(
  deps: { readonly cluster: string; readonly httpClient: HttpClient; readonly now: () => Date },
  { id, token }: ApplicationCredentials,
  call: PlatformCall,
  deadline: Deadline,
): Promise<HttpClientResponse> {
  const { cluster, httpClient, now } = deps;
  const target = `/service/application/${call.path.segments.map(encodeURIComponent).join('/')}`;
  const bearer = Buffer.from(`${id}:${token}`).toString('base64');
  return await sendWithRetry(
    httpClient,
    () => platformRequest(cluster, bearer, { ...call, path: { ...call.path, target } }, now()),
    deadline,
  );
}
