import * as v from 'valibot';
import { launched } from '#launched';
import { pendingWork } from '../shared/background/pending-work.ts';
import { extensionFor } from '../shared/config.ts';
import { paths } from '../shared/contract.ts';
import { type Completed, completeInstall, type Installed } from '../shared/install/complete-install.ts';
import { deliveredBefore } from '../shared/install/delivered-before.ts';
import { type Callback, judgeCallback } from '../shared/install/judge-callback.ts';
import { installPath, landingPath, launchPath } from '../shared/install/launch-path.ts';
import { parseRedirectPath } from '../shared/install/redirect-path.ts';
import { AppError } from '../shared/problems.ts';
import {
  digestOfState,
  type Session,
  type SignIn,
  sealSession,
  sessionCookieName,
} from '../shared/session/sessions.ts';
import { roundCookieName, roundSeconds } from '../shared/session/sign-in-round.ts';
import { startedAtMs } from '../shared/session/started-at.ts';
import {
  openTransaction,
  sealTransaction,
  type Transaction,
  transactionCookieName,
  transactionSeconds,
} from '../shared/session/transactions.ts';
import { applicationId, companyId, organizationId, type Tenant } from '../shared/tenant.ts';
import { requirement } from './runtime/chain.ts';
import { type HttpRequirement, http } from './runtime/http/http.ts';
import type { HttpRequest, HttpResponse } from './runtime/http/http-messages.ts';
import { input } from './runtime/http/input.ts';
import { ownClientId } from './runtime/http/own-client.ts';
import { redirect } from './runtime/http/responses.ts';
import { mayReturn, selfReturnPage } from './runtime/http/self-return-page.ts';
import { handOverPage, inWindow, newWindow } from './runtime/http/sign-in-window.ts';
import { installing } from './runtime/installing.ts';
import { describeError, writeLog } from './runtime/log.ts';
import { count } from './runtime/metric.ts';
import { apiKey, sessionKeys } from './runtime/secrets.ts';
import { baseUrl, extension, now } from './runtime/settings.ts';
import { userCache } from './runtime/tables.ts';
import { within } from './runtime/within.ts';
import { workQueueOf } from './runtime/work-queue.ts';

const authorizationResponse = v.object({
  state: v.pipe(v.string(), v.nonEmpty('must not be empty'), v.maxLength(200, 'must have at most 200 characters')),
  code: v.optional(
    v.pipe(v.string(), v.nonEmpty('must not be empty'), v.maxLength(2_048, 'must have at most 2048 characters')),
  ),
  error: v.optional(v.pipe(v.string(), v.nonEmpty('must not be empty'))),
  company_id: v.optional(companyId),
  organization_id: v.optional(organizationId),
  application_id: v.optional(applicationId),
  client_id: v.optional(v.string()),
});

/** Less than the function has: a queue or a hook that hangs costs nobody the sign-in. */
const answerWithinMs = 27_000;
/** A person waits for the author's `launched` hook no longer than this. */
const launchedMs = 5_000;
const hookFailed: { path?: string; warning?: string } = { warning: 'launched_hook_failed' };

/** `GET /fp/auth`, and `/adm/auth` for partners: the platform sends the browser back with a code, or with the reason why there is none. */
export const handler = http()
  .use(failures())
  .use(browsersOnly())
  .use(input('query', authorizationResponse))
  .use(codeOrError())
  .handler(async (request) => {
    const { callback, code, error, cookies } = request;
    const before = await findDelivered(request);
    if (before !== undefined) return await land(request, before, before.signIn);

    if (!cookies.has(transactionCookieName(callback.state)) && mayReturn(request)) return selfReturnPage(request);
    const transaction = await takeTransaction(request);
    const clientId = await apiKey();
    request.tenant = transaction.tenant;
    request.retryPath = installPath(clientId, transaction.tenant, transaction.applicationId);
    if (transaction.inWindow) request.retryPath += inWindow;
    if (error !== undefined) {
      throw error === 'access_denied'
        ? new AppError('access_denied', 'The platform says that access was denied.')
        : new AppError('platform_error', 'The platform ended the sign-in with an error.');
    }
    if (transaction.isCodeRefused) throw new AppError('code_refused', 'The platform refused the code.');

    let completed: Completed;
    try {
      completed = await completeInstall(await installing(), transaction, code);
    } catch (refusal) {
      if (!(refusal instanceof AppError && refusal.code === 'code_refused' && mayReturn(request))) throw refusal;
      // Delivered twice at once, the other one has redeemed the code, and its session may be there when this one is back.
      const refused = await sealTransaction(sessionKeys(), { ...transaction, isCodeRefused: true });
      cookies.set(transactionCookieName(transaction.state), refused, transactionSeconds);
      return { ...selfReturnPage(request), warning: refusal.code };
    }

    const leftMs = Math.max(1_000, answerWithinMs - (performance.now() - request.receivedAtMs));
    const [warning, wished] = await Promise.all([
      within(leftMs, sendPendingWork(request.requestId, clientId, completed.installed), 'work_not_queued'),
      within(Math.min(launchedMs, leftMs), askLaunched(completed.session, transaction), hookFailed),
    ]);
    const signIn = {
      stateDigest: digestOfState(transaction.state),
      applicationId: transaction.applicationId,
      redirectPath: wished.path ?? transaction.redirectPath,
      inWindow: transaction.inWindow,
    };
    const session = { ...completed.session, signIn };
    await setSession(request, session);
    count('SignIns');
    return { ...(await land(request, session, signIn)), warning: warning ?? wished.warning };
  });

/** Where a sign-in leads; from a window of its own, the session goes to whoever opened that. */
async function land(request: HttpRequest, session: Session, signIn: SignIn): Promise<HttpResponse> {
  const own = extensionFor(extension(), session.tenant);
  const path = landingPath({ extension: own, baseUrl: baseUrl() }, session.tenant, signIn);
  if (!signIn.inWindow) return redirect(`${baseUrl()}${path}`);
  const sealed = await sealSession(sessionKeys(), own.scopes, session);
  return handOverPage(request, session, sealed, path);
}

/** What `codeOrError` finds. */
interface Delivery {
  readonly callback: Callback;
  /** Empty where there is an error. */
  readonly code: string;
  readonly error: string | undefined;
}

/**
 * A callback that can be understood: with a code for a company or an organization, or with an error.
 * @throws {AppError} `invalid_request`.
 */
function codeOrError(): HttpRequirement<
  HttpRequest & { readonly input: v.InferOutput<typeof authorizationResponse> },
  Delivery
> {
  return requirement(async (request) => {
    const { state, code = '', error, client_id } = request.input;
    const isPartner = request.rawPath === paths.partnerCallback;
    const field = isPartner ? 'organization_id' : 'company_id';
    const id = request.input[field];
    const application_id = isPartner ? undefined : request.input.application_id;
    const tenant: Tenant | undefined = id === undefined ? id : { kind: isPartner ? 'organization' : 'company', id };
    if (tenant !== undefined) {
      request.tenant = tenant;
      request.retryPath = installPath(await apiKey(), tenant, application_id);
      const path = launchPath(extensionFor(extension(), tenant).launchPath, tenant, application_id);
      request.waysOut = { state_mismatch: newWindow(tenant, `${request.retryPath}${inWindow}`, path) };
    }
    await ownClientId(client_id);
    if (error === undefined && code === '') throw new AppError('invalid_request', 'code is missing.');
    if (error === undefined && tenant === undefined) throw new AppError('invalid_request', `${field} is missing.`);
    return { callback: { state, tenant, applicationId: application_id }, code, error };
  });
}

/** The session that it made when it was delivered before. */
async function findDelivered({ callback, cookies }: HttpRequest & Delivery) {
  const texts = callback.tenant === undefined ? [] : cookies.values(sessionCookieName(callback.tenant));
  return await deliveredBefore(
    { extension: extension(), sessionKeys: sessionKeys(), userCache: userCache(), now },
    callback,
    texts,
  );
}

/** The transaction that this browser began for this state; it is used up whatever comes of it. */
async function takeTransaction({ callback, cookies }: HttpRequest & Delivery): Promise<Transaction> {
  const cookieName = transactionCookieName(callback.state);
  cookies.clear(cookieName);
  const opened = await Promise.all(
    cookies.values(cookieName).map((text) => openTransaction(sessionKeys(), text, now())),
  );
  const transactions = opened.filter((transaction) => transaction !== undefined);
  return judgeCallback(callback, transactions, extension().accessMode);
}

async function setSession({ cookies }: HttpRequest, session: Session): Promise<void> {
  const { scopes } = extensionFor(extension(), session.tenant);
  const lifeSeconds = session.expiresAt - Math.floor(session.signedInAtMs / 1000);
  cookies.set(sessionCookieName(session.tenant), await sealSession(sessionKeys(), scopes, session), lifeSeconds);
  const round = roundCookieName(session.tenant);
  if (cookies.has(round)) cookies.set(round, 'done', roundSeconds.done);
  await cookies.fit((name, text) => startedAtMs(sessionKeys(), extension(), now(), name, text));
}

/** Counts who was not signed in, by no fault of theirs. */
function failures(): HttpRequirement<HttpRequest> {
  return {
    onError({ error }) {
      if (!(error instanceof AppError) || error.status >= 500) count('SignInsFailed');
    },
  };
}

/** Who scans links sends HEAD: the code would be redeemed, and the person would come in vain. */
function browsersOnly(): HttpRequirement<HttpRequest> {
  return requirement(({ method }) => {
    if (method === 'GET') return undefined;
    throw new AppError('method_not_allowed', 'This address is for browsers that come back.', {
      headers: { allow: 'GET' },
    });
  });
}

/** Hooks and webhooks follow through the queue. A queue that fails spoils no sign-in: the next one makes up for it. */
async function sendPendingWork(requestId: string, clientId: string, installed: Installed): Promise<string | undefined> {
  const messages = pendingWork({ extension: extension(), baseUrl: baseUrl(), apiKey: clientId }, installed);
  if (messages.length === 0) return undefined;
  try {
    await workQueueOf(requestId).send(messages);
    return undefined;
  } catch {
    return 'work_not_queued';
  }
}

/** Where the author's `launched` hook wants the person to land. If it fails, they land as usual. */
async function askLaunched(
  session: Session,
  { applicationId }: Transaction,
): Promise<{ path?: string; warning?: string }> {
  const { tenant, user, scopes } = session;
  if (launched === undefined || tenant.kind !== 'company') return {};
  try {
    const path = await launched({ company: tenant.id, claimedApplication: applicationId, user, scopes });
    if (path !== undefined) parseRedirectPath(path, baseUrl());
    return path === undefined ? {} : { path };
  } catch (error) {
    writeLog({ level: 'error', warning: hookFailed.warning, ...describeError(error) });
    return hookFailed;
  }
}
