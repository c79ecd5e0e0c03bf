import * as v from 'valibot';
import type { BackgroundContext } from '../../shared/background/handlers.ts';
import { type Deadline, platformBudgetMs } from '../../shared/http/http-client.ts';
import { AppError } from '../../shared/problems.ts';
import { companyId, companyTenant } from '../../shared/tenant.ts';
import { companyClient } from './company-client.ts';
import {
  type AuthorHandler,
  type AuthorRequest,
  authorHandler,
  authorRequest,
  type LambdaCall,
  type Returning,
} from './http/author-handler.ts';
import { toAuthorResult, withoutCookies } from './http/author-messages.ts';
import { deadline } from './http/deadline.ts';
import { http } from './http/http.ts';
import type { HttpRequest } from './http/http-messages.ts';
import { parseFields } from './http/input.ts';
import { platformRefusals } from './http/platform-refusals.ts';
import { forOneCaller } from './http/responses.ts';
import { type VerifiedCall, verifiedCall } from './http/verified-call.ts';
import { writeLog } from './log.ts';

/** What a server-to-server route is given. */
export interface CallContext {
  /** What was proven before this handler ran. A checksum has no date: expect the same call again. */
  readonly verifiedBy: VerifiedCall['call']['verify'];
  /** With the raw bytes of the body, and `Authorization`, which is the caller's own. Ids in the path are claimed. */
  readonly request: AuthorRequest;
  /** Without cookies. */
  readonly lambda: LambdaCall;
  readonly log: BackgroundContext['log'];
  /**
   * The Platform API as a company that nobody signed for: call it only where your own code has proven whose call this is.
   * @throws {AppError} `invalid_request` for what is no company id, `installation_required` where it is not installed.
   */
  readonly asUnprovenCompany: (id: string) => Promise<BackgroundContext>;
}

/** What a route is given whose company stands in what was signed. */
export interface CompanyCallContext extends CallContext, BackgroundContext {}

/**
 * Makes a handler of a server-to-server route. What `handle` resolves to becomes JSON (undefined: 204); a `Response` is sent
 * as it is. No cookie reaches it.
 */
export function call<Result>(handle: ((context: CallContext) => Promise<Result>) & Returning<Result>): AuthorHandler {
  return callHandler('call', (_verified, context) => handle(context));
}

/**
 * Makes a handler of a server-to-server route that acts for the company that was signed for: `verify: 'checksum'` with
 * `company: 'body.…'`, or `verify: 'storefront'`. The company must be installed.
 */
export function companyCall<Result>(
  handle: ((context: CompanyCallContext) => Promise<Result>) & Returning<Result>,
): AuthorHandler {
  return callHandler('companyCall', async (request, context) => {
    const { signedCompany } = request;
    if (signedCompany === undefined) throw new AppError('internal', 'The configuration names no signed company.');
    return await handle({ ...context, ...(await companyClient(companyTenant(signedCompany), request)) });
  });
}

const claim = v.object({ company_id: companyId });

type Verified = HttpRequest & VerifiedCall & { readonly deadline: Deadline };

function callHandler(
  maker: 'call' | 'companyCall',
  handle: (request: Verified, context: CallContext) => Promise<unknown>,
): AuthorHandler {
  return authorHandler(maker, (run) =>
    http()
      .use(deadline(platformBudgetMs))
      .use(verifiedCall())
      .use(platformRefusals())
      .handler((request) => {
        const { call: configured, invocation } = request;
        const context = (lambda: LambdaCall): CallContext => ({
          verifiedBy: configured.verify,
          request: authorRequest(request, request.headers),
          lambda,
          log: (message, fields = {}) => writeLog({ level: 'info', request_id: request.requestId, message, ...fields }),
          asUnprovenCompany: async (company_id) => {
            const claimed = parseFields(claim, { company_id });
            return await companyClient(companyTenant(claimed.company_id), request);
          },
        });
        return run(
          withoutCookies(invocation.event),
          invocation,
          async (lambda) => await toAuthorResult(await handle(request, context(lambda)), forOneCaller),
          forOneCaller,
        );
      }),
  );
}
