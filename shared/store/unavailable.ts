import { AppError } from '../problems.ts';

/** What is throttled now usually is not a few seconds later. */
const retryAfterSeconds = 5;

/** `try_again`, for a service of ours that throttles, fails or does not answer. */
export function tryAgain(cause?: unknown): AppError {
  return new AppError('try_again', 'A service that this extension needs is busy at the moment.', {
    headers: { 'retry-after': String(retryAfterSeconds) },
    cause,
  });
}

/**
 * Middleware for a client of the SDK, at its outermost step: once all attempts were made, an error that time mends
 * becomes `try_again`. Any other stays as it is: a condition that does not hold, a mistake of ours.
 */
export const throwTryAgain =
  <Args, Result>(next: (args: Args) => Promise<Result>) =>
  async (args: Args): Promise<Result> => {
    try {
      return await next(args);
    } catch (error) {
      throw isMendedByTime(error) ? tryAgain(error) : error;
    }
  };

/** Errors of the network as Node.js names them; the SDK gives those of a connection's end the name `TimeoutError`. */
const networkErrorCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** DynamoDB and SQS have many names for it, with the status of a request that is wrong. */
const throttling = /Throttl|ThroughputExceeded|RequestLimitExceeded|TooManyRequests|OverLimit/;

/** A table or queue that somebody deleted, or that is being made again: whoever operates this mends it, no caller can. */
const missing = /^ResourceNotFoundException$|QueueDoesNotExist|NonExistentQueue/;

function isMendedByTime(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'TimeoutError' || throttling.test(error.name) || missing.test(error.name)) return true;
  if ('code' in error && typeof error.code === 'string' && networkErrorCodes.has(error.code)) return true;
  const status = statusOf(error);
  return status === 429 || status >= 500;
}

function statusOf(error: Error): number {
  if (!('$metadata' in error) || typeof error.$metadata !== 'object' || error.$metadata === null) return 0;
  return 'httpStatusCode' in error.$metadata ? Number(error.$metadata.httpStatusCode) : 0;
}
