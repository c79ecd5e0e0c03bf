import { randomBytes } from 'node:crypto';

/** As AWS writes it into `x-amzn-trace-id` and `_X_AMZN_TRACE_ID`. */
export function traceId(at: Date): string {
  const seconds = Math.floor(at.getTime() / 1000);
  return `Root=1-${seconds.toString(16)}-${randomBytes(12).toString('hex')}`;
}
