import * as v from 'valibot';
import { launched } from '#launched';
import { pendingWork } from '../shared/background/pending-work.ts';
import { completeInstall, type Installed } from '../shared/install/complete-install.ts';
import { type Callback, judgeCallback } from '../shared/install/judge-callback.ts';
import { installPath, launchPath } from '../shared/install/launch-path.ts';
import { parseRedirectPath } from '../shared/install/redirect-path.ts';
import { AppError } from '../shared/problems.ts';
import { type Session, sealSession, sessionCookieName } from '../shared/session/sessions.ts';
import { roundCookieName, roundSeconds } from '../shared/session/sign-in-round.ts';
import { startedAtMs } from '../shared/session/started-at.ts';
import { openTransaction, type Transaction, transactionCookieName } from '../shared/session/transactions.ts';
import { applicationId, companyId, companyOf, companyTenant } from '../shared/tenant.ts';
import { requirement } from './runtime/chain.ts';
import { type HttpRequirement, http } from './runtime/http/http.ts';
import type { HttpRequest } from './runtime/http/http-messages.ts';
import { input } from './runtime/http/input.ts';
import { ownClientId } from './runtime/http/own-client.ts';
import { redirect } from './runtime/http/responses.ts';
import { httpClient } from './runtime/http-client.ts';
import { apiKey, apiSecret, sessionKeys, tokenKeys } from './runtime/secrets.ts';
import { baseUrl, extension, now } from './runtime/settings.ts';
import { installations } from './runtime/tables.ts';
import { workQueue } from './runtime/work-queue.ts';

const answer = v.object({
  state: v.pipe(v.string(), v.nonEmpty('must not be empty'), v.maxLength(200, 'must have at most 200 characters')),
  code: v.optional(
    v.pipe(v.string(), v.nonEmpty('must not be empty'), v.maxLength(2_048, 'must have at most 2048 characters')),
  ),
  error: v.optional(v.string()),
  company_id: v.optional(companyId),
  application_id: v.optional(applicationId),
  client_id: v.optional(v.string()),
});

/** `GET /fp/auth`: the platform sends the browser back with a code, or with the reason why there is none. */
export const handler = http()
  .use(browsersOnly())
  .use(input('query', answer))
  .handler(async (request) => {
    const fields = request.input;
    const clientId = await apiKey();
    if (fields.company_id !== undefined) {
      request.retryPath = installPath(clientId, companyTenant(fields.company_id), fields.application_id);
    }
    const transaction = await takeTransaction(request, {
      state: fields.state,
      tenant: fields.company_id === undefined ? undefined : companyTenant(fields.company_id),
      applicationId: fields.application_id,
    });
    request.retryPath = installPath(clientId, transaction.tenant, transaction.applicationId);

    if (fields.error !== undefined) {
      throw fields.error === 'access_denied'
        ? new AppError('access_denied', 'The platform says that access was denied.')
        : new AppError('platform_error', 'The platform ended the sign-in with an error.');
    }
    if (fields.code === undefined) throw new AppError('invalid_request', 'code is missing.');
    if (fields.company_id === undefined) throw new AppError('invalid_request', 'company_id is missing.');
    await ownClientId(fields.client_id);

    const { cookies } = request;
    const { session, installed } = await completeInstall(
      {
        extension: extension(),
        credentials: { apiKey: clientId, apiSecret: await apiSecret() },
        installations: installations(),
        tokenKeys: tokenKeys(),
        httpClient: httpClient(),
        now,
      },
      transaction,
      fields.code,
    );
    const { scopes } = extension();
    const lifeSeconds = session.expiresAt - Math.floor(session.signedInAtMs / 1000);
    cookies.set(sessionCookieName(session.tenant), await sealSession(sessionKeys(), scopes, session), lifeSeconds);
    const round = roundCookieName(session.tenant);
    if (cookies.has(round)) cookies.set(round, 'done', roundSeconds.done);
    await cookies.fit((name, text) => startedAtMs(sessionKeys(), scopes, now(), name, text));
    const [warning, wished] = await Promise.all([
      sendPendingWork(clientId, installed),
      askLaunched(session, transaction),
    ]);
    const path =
      wished.path ??
      (transaction.redirectPath && parseRedirectPath(transaction.redirectPath, baseUrl())) ??
      launchPath(extension().launchPath, transaction.tenant, transaction.applicationId);
    return { ...redirect(`${baseUrl()}${path}`), warning: warning ?? wished.warning };
  });

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
async function sendPendingWork(clientId: string, installed: Installed): Promise<string | undefined> {
  const messages = pendingWork({ extension: extension(), baseUrl: baseUrl(), apiKey: clientId }, installed);
  if (messages.length === 0) return undefined;
  try {
    await workQueue().send(messages);
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
  if (launched === undefined) return {};
  try {
    const { tenant, user, scopes } = session;
    const path = await launched({ company: companyOf(tenant), application: applicationId, user, scopes });
    return path === undefined ? {} : { path: parseRedirectPath(path, baseUrl()) };
  } catch {
    return { warning: 'launched_hook_failed' };
  }
}

/** The transaction that this browser began for this state; it is used up whatever comes of it. */
async function takeTransaction({ cookies }: HttpRequest, callback: Callback): Promise<Transaction> {
  const cookieName = transactionCookieName(callback.state);
  cookies.clear(cookieName);
  const opened = await Promise.all(
    cookies.values(cookieName).map((text) => openTransaction(sessionKeys(), text, now())),
  );
  const transactions = opened.filter((transaction) => transaction !== undefined);
  return judgeCallback(callback, transactions, extension().accessMode);
}
