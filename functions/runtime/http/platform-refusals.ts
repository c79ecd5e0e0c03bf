import { retryAfterSeconds } from '../../../shared/http/retry-after.ts';
import { PlatformResponseError } from '../../../shared/platform/platform-client.ts';
import { AppError } from '../../../shared/problems.ts';
import { now } from '../settings.ts';
import type { HttpRequirement } from './http.ts';
import type { HttpRequest } from './http-messages.ts';

/**
 * What the platform refused the company goes to no caller: it is about calls that they did not make, with a token that is
 * not theirs. It is `platform_error`, and `rate_limited` for 429.
 */
export function platformRefusals(): HttpRequirement<HttpRequest> {
  return {
    onError(chained) {
      const { error } = chained;
      if (!(error instanceof PlatformResponseError)) return;
      const { status, headers } = error.response;
      const seconds = status === 429 ? (retryAfterSeconds(headers['retry-after'], now()) ?? 1) : undefined;
      chained.error =
        seconds === undefined
          ? new AppError('platform_error', 'The platform refused a call that this one needs.', { cause: error })
          : new AppError('rate_limited', 'The platform asks to wait.', {
              cause: error,
              headers: { 'retry-after': String(seconds) },
            });
    },
  };
}
