import { AppError } from '../../../shared/problems.ts';
import type { CallLimit } from '../../../shared/session/call-limiter.ts';
import type { Session } from '../../../shared/session/sessions.ts';
import { ownerOf, partitionOf } from '../../../shared/store/user-cache.ts';
import { tenantKey } from '../../../shared/tenant.ts';
import { requirement } from '../chain.ts';
import { extension, now } from '../settings.ts';
import { callLimiter } from '../tables.ts';
import type { HttpRequirement } from './http.ts';
import type { HttpRequest } from './http-messages.ts';

/**
 * Neither the person nor their company calls more than the configuration says (`limits`), whatever comes of the calls. A
 * session that turns out to be over uses up nothing: who kept a cookie from before cannot keep anybody out.
 * @throws {AppError} `rate_limited`.
 */
export function limited(): HttpRequirement<HttpRequest & { readonly session: Session }> {
  return {
    ...requirement<HttpRequest & { readonly session: Session }>(async ({ session }) => {
      await callLimiter().admit(limitsOf(session), now());
      return undefined;
    }),
    onError({ event, error }) {
      const { session } = event as HttpRequest & { readonly session?: Session };
      // The platform was asked where it was waited for.
      const isOver = error instanceof AppError && error.status === 401 && error.waitedMs === 0;
      if (isOver && session !== undefined) callLimiter().takeBack(limitsOf(session));
    },
  };
}

function limitsOf(session: Session): CallLimit[] {
  const { perPerson, perCompany } = extension().limits;
  const { tenant } = session;
  const limits: CallLimit[] = [];
  if (perPerson) limits.push({ of: 'person', name: partitionOf(ownerOf(session)), callsPerSecond: perPerson });
  if (perCompany) limits.push({ of: tenant.kind, name: tenantKey(tenant), callsPerSecond: perCompany });
  return limits;
}
