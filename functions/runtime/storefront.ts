import type { BackgroundContext } from '../../shared/background/handlers.ts';
import {
  parseApplicationData,
  parseUserData,
  type Shopper,
  type StorefrontApplication,
} from '../../shared/fynd/storefront-call.ts';
import { platformBudgetMs } from '../../shared/http/http-client.ts';
import { callAsApplication } from '../../shared/platform/call-as-application.ts';
import { createServiceClient, type ServiceClient } from '../../shared/platform/platform-client.ts';
import { AppError } from '../../shared/problems.ts';
import { companyTenant } from '../../shared/tenant.ts';
import { requirement } from './chain.ts';
import { companyClient } from './company-client.ts';
import {
  type AuthorHandler,
  type AuthorRequest,
  authorHandler,
  authorRequest,
  type LambdaCall,
  type Returning,
} from './http/author-handler.ts';
import { headersWithoutCredentials, toAuthorResult, withoutCredentials } from './http/author-messages.ts';
import { deadline } from './http/deadline.ts';
import { type HttpRequirement, http } from './http/http.ts';
import type { HttpRequest } from './http/http-messages.ts';
import { platformRefusals } from './http/platform-refusals.ts';
import { forOneCaller } from './http/responses.ts';
import { storefrontSigned } from './http/storefront-signed.ts';
import { httpClient } from './http-client.ts';
import { extension, now } from './settings.ts';

/** What a storefront handler is given. The platform's signature proves all of it but what the shopper wrote. */
export interface StorefrontContext extends BackgroundContext {
  /** The sales channel that the shopper is in. */
  readonly application: Pick<StorefrontApplication, 'id' | 'name'>;
  /** Who is signed in at the storefront, as the platform tells it (`_id`, names, …); undefined where nobody is. */
  readonly shopper: Shopper | undefined;
  /**
   * The storefront API as any visitor may call it; paths are relative to `/service/application/`. Its calls throw
   * `platform_error` where the platform named no token of the sales channel.
   */
  readonly storefront: ServiceClient;
  readonly request: AuthorRequest;
  /** Without cookies and `Authorization`. */
  readonly lambda: LambdaCall;
}

interface StorefrontCall {
  readonly application: StorefrontApplication;
  readonly shopper: Shopper | undefined;
}

/**
 * Makes a handler of calls that the platform forwards from a storefront. What `handle` resolves to becomes JSON (undefined:
 * 204); a `Response` is sent as it is. The company must be installed; `platform` acts as the company, whoever the shopper
 * is: show of it what every shopper may see.
 */
export function storefront<Result>(
  handle: ((context: StorefrontContext) => Promise<Result>) & Returning<Result>,
): AuthorHandler {
  return authorHandler('storefront', (run) =>
    http()
      .use(deadline(platformBudgetMs))
      .use(storefrontSigned())
      .use(signedData())
      .use(platformRefusals())
      .handler(async (request) => {
        const { application, shopper, invocation } = request;
        const tenant = companyTenant(application.companyId);
        const company = await companyClient(tenant, request);
        const { cluster } = extension();
        const visitor = createServiceClient({}, async (call) => {
          const { id, token } = application;
          if (token === undefined) throw new AppError('platform_error', 'x-application-data has no token.');
          const deps = { cluster, httpClient: httpClient(), now };
          return await callAsApplication(deps, { id, token }, call, request.deadline);
        });
        return await run(
          withoutCredentials(invocation.event),
          invocation,
          async (lambda) =>
            await toAuthorResult(
              await handle({
                ...company,
                application: { id: application.id, name: application.name },
                shopper,
                storefront: visitor,
                request: authorRequest(request, headersWithoutCredentials(request.headers)),
                lambda,
              }),
              forOneCaller,
            ),
          forOneCaller,
        );
      }),
  );
}

/** `request.application`, `request.shopper`: what the platform signed about the call. */
function signedData(): HttpRequirement<HttpRequest, StorefrontCall> {
  return requirement((request) => {
    const application = parseApplicationData(request.headers['x-application-data']);
    request.tenant = companyTenant(application.companyId);
    return { application, shopper: parseUserData(request.headers['x-user-data']) };
  });
}
