import { type Answer, json } from './http.ts';
import type { Settings } from './settings.ts';

/** Counts the calls of each token, where the settings limit them. */
export function createRateLimit(settings: () => Settings) {
  let windows = new Map<string, { endsAt: number; calls: number }>();
  return {
    /** The 429 for a call too many; undefined, and counted, otherwise. */
    refuse(token: string): Answer | undefined {
      const limit = settings().rateLimit;
      if (!limit) return undefined;
      const now = Date.now();
      const known = windows.get(token);
      const window = known && known.endsAt > now ? known : { endsAt: now + limit.seconds * 1000, calls: 0 };
      windows.set(token, window);
      if (window.calls < limit.requests) {
        window.calls += 1;
        return undefined;
      }
      const retryAfter = {
        seconds: { 'retry-after': String(Math.max(1, Math.ceil((window.endsAt - now) / 1000))) },
        date: { 'retry-after': new Date(Math.ceil(window.endsAt / 1000) * 1000).toUTCString() },
        none: {},
      };
      return json(429, { message: 'Too many requests' }, { ...retryAfter[limit.retryAfter] });
    },
    reset(): void {
      windows = new Map();
    },
  };
}

/** The count of a running platform. */
export type RateLimit = ReturnType<typeof createRateLimit>;
