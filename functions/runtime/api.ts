import { extensionFor } from '../../shared/config.ts';
import type { PlatformCall } from '../../shared/fynd/platform-request.ts';
import type { PlatformUser } from '../../shared/fynd/token-response.ts';
import { platformBudgetMs } from '../../shared/http/http-client.ts';
import { callAsUser, type PlatformResponse } from '../../shared/platform/call-as-user.ts';
import {
  createServiceClient,
  type PlatformClient,
  PlatformResponseError,
  type ServiceClient,
} from '../../shared/platform/platform-client.ts';
import { partnerIn, personIn } from '../../shared/session/describe-session.ts';
import type { LiveSession } from '../../shared/session/live-session.ts';
import type { Tenant } from '../../shared/tenant.ts';
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
import { limited } from './http/limited.ts';
import { live } from './http/live.ts';
import { platformResponse } from './http/platform-response.ts';
import { sameOrigin } from './http/same-origin.ts';
import { personalVary } from './http/security-headers.ts';
import { signedIn } from './http/signed-in.ts';
import { httpClient } from './http-client.ts';
import { count } from './metric.ts';
import { extension, now } from './settings.ts';
import { userCache } from './tables.ts';

/** What a route is given whoever calls it. The session proves the person and whose they are, and nothing else is proven. */
interface PersonContext {
  /** The Platform API as this person, through this person's cache. */
  readonly platform: PlatformClient & ServiceClient;
  readonly user: PlatformUser;
  /** The configured scopes that this person holds. */
  readonly scopes: readonly string[];
  readonly request: AuthorRequest;
  /** Without cookies and `Authorization`. */
  readonly lambda: LambdaCall;
}

/** What a route of the extension's author is given. The session proves company, user and scopes, and nothing else is proven. */
export interface ApiContext extends Omit<PersonContext, 'platform'> {
  /** The Platform API as this person, through this person's cache. */
  readonly platform: PlatformClient;
  /** The company's id. */
  readonly company: string;
  /**
   * The id in the route's `{application_id}`. Anybody may write one there: the platform judges whose sales channel it is in
   * each call that names it, your own tables do not.
   */
  readonly claimedApplication: string | undefined;
}

/** What a route for organizations is given; the paths of `platform` are relative to `/service/partner/`. */
export interface PartnerApiContext extends Omit<PersonContext, 'platform'> {
  /** The partner API as this person, through this person's cache. */
  readonly platform: ServiceClient;
  /** The organization's id. */
  readonly organization: string;
}

/** Whoever made the response: it is this person's. */
const forThisPerson = { 'cache-control': 'private, no-cache', vary: personalVary };

/**
 * Makes a Lambda handler of a route that needs a signed-in person of a company. What `handle` resolves to becomes JSON; a
 * `Response` is sent as it is. Undefined is a 204, with a warning in the log: it may have been forgotten. An AppError, or the
 * platform's own error, becomes the response. Middlewares of middy's may follow: `api(…).use(…)`.
 */
export function api<Result>(handle: ((context: ApiContext) => Promise<Result>) & Returning<Result>): AuthorHandler {
  return personal('company', personIn, (context, claimedApplication) => handle({ ...context, claimedApplication }));
}

/** The same for a person of an organization (partner). */
export function partnerApi<Result>(
  handle: ((context: PartnerApiContext) => Promise<Result>) & Returning<Result>,
): AuthorHandler {
  return personal('organization', partnerIn, handle);
}

/** A route for people of this kind of owner; `ownerIn` refuses a session of the other kind. */
function personal<Owner extends Pick<PersonContext, 'user' | 'scopes'>>(
  kind: Tenant['kind'],
  ownerIn: (session: LiveSession) => Owner,
  handle: (context: PersonContext & Owner, application: string | undefined) => Promise<unknown>,
): AuthorHandler {
  return authorHandler('api', (run) =>
    http()
      .use(deadline(platformBudgetMs))
      .use(sameOrigin())
      .use(signedIn())
      .use(limited())
      .use(live())
      .use(platformErrors())
      .handler(async (request) => {
        const { session, reference, invocation } = request;
        const owner = ownerIn(session);
        const answers: PlatformResponse[] = [];
        const warnings: (string | undefined)[] = [];
        const ours = extensionFor(extension(), { kind });
        const dependencies = { extension: ours, userCache: userCache(), httpClient: httpClient(), now, count };
        const own = { [`${kind}_id`]: session.tenant.id };
        const send = async (call: PlatformCall) => {
          const answer = await callAsUser(dependencies, session, call, request.deadline);
          answers.push(answer);
          return answer;
        };
        const platform = createServiceClient(own, send, kind) as PlatformClient & ServiceClient;
        const response = await run(
          withoutCredentials(invocation.event),
          invocation,
          async (lambda) => {
            const seen = authorRequest(request, headersWithoutCredentials(request.headers));
            const result = await handle({ platform, request: seen, lambda, ...owner }, reference.applicationId);
            if (result === undefined) warnings.push('nothing_returned');
            return await toAuthorResult(result, { ...forThisPerson, ...cacheStatusOf(answers) });
          },
          forThisPerson,
        );
        warnings.unshift(...answers.map(({ warning }) => warning));
        return { ...response, warning: warnings.find((warning) => warning !== undefined) };
      }),
  );
}

function cacheStatusOf(answers: readonly PlatformResponse[]): Record<string, string> {
  const all = answers.map(({ headers }) => headers['cache-status']).filter((each) => each !== undefined);
  return all.length === 0 ? {} : { 'cache-status': all.join(', ') };
}

/** What the platform refused goes on to the page as it is. */
function platformErrors(): HttpRequirement<HttpRequest> {
  return {
    onError(chained) {
      if (!(chained.error instanceof PlatformResponseError)) return;
      const { error } = chained;
      chained.response = { ...platformResponse(chained.event, error.response), error };
    },
  };
}
