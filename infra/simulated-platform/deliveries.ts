import { setTimeout as wait } from 'node:timers/promises';
import type { Settings } from './settings.ts';

/** What is to be posted, and until when it is tried. */
export type Posting = {
  company: string;
  event: string;
  event_id: string;
  url: string;
  headers: Record<string, string>;
  body: Buffer;
  /** Tried a single time, as a ping or a forgery is. */
  once: boolean;
  /** What makes it differ from a genuine first delivery. */
  note: string | null;
  /** After the last attempt failed. */
  onExhausted?: () => void;
};

export type Attempt = { at: string; status: number | null; error: string | null; took_ms: number };

/** A delivery and what became of it. */
export type Delivery = Pick<Posting, 'company' | 'event' | 'event_id' | 'url' | 'note'> & {
  id: number;
  state: 'sending' | 'retrying' | 'delivered' | 'failed';
  created_at: string;
  attempts: Attempt[];
  next_attempt_at: string | null;
  headers: Record<string, string>;
  body_base64: string;
};

/** Which deliveries are meant: those that agree with all that is given. */
export type DeliveryFilter = Partial<Pick<Delivery, 'company' | 'event' | 'event_id' | 'state' | 'note'>>;

const most = 10_000;

async function attempt({ url, headers, body }: Posting, timeoutMs: number, stop: AbortSignal): Promise<Attempt> {
  const started = Date.now();
  const done = (status: number | null, error: string | null): Attempt => ({
    at: new Date(started).toISOString(),
    status,
    error,
    took_ms: Date.now() - started,
  });
  try {
    const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), stop]);
    const answer = await fetch(url, {
      method: 'POST',
      headers,
      body: new Uint8Array(body),
      redirect: 'manual',
      signal,
    });
    await answer.body?.cancel();
    return done(answer.status, null);
  } catch (error) {
    return done(null, error instanceof Error && error.name === 'TimeoutError' ? 'timeout' : 'no answer');
  }
}

const succeeded = ({ status }: Attempt): boolean => status !== null && status >= 200 && status < 300;

/** Posts events to extensions, again and again where need be, and remembers; beyond ten thousand the oldest are forgotten. */
export function createDeliveries(
  settings: () => Settings,
  told: {
    /** Gets every delivery that succeeded or was given up. */
    onDelivered?: ((delivery: Delivery) => void) | undefined;
    onAttempt?: ((delivery: Delivery, attempt: Attempt) => void) | undefined;
  } = {},
) {
  let all: Delivery[] = [];
  let last = 0;
  let stop = new AbortController();
  const watchers = new Set<() => void>();
  const change = (delivery: Delivery, to: Partial<Delivery>) => {
    Object.assign(delivery, to);
    for (const look of watchers) look();
    if (delivery.state === 'delivered' || delivery.state === 'failed') told.onDelivered?.(delivery);
  };
  const list = (filter: DeliveryFilter = {}): Delivery[] =>
    all.filter((one) =>
      (Object.keys(filter) as (keyof DeliveryFilter)[]).every(
        (name) => filter[name] === undefined || filter[name] === one[name],
      ),
    );

  async function run(posting: Posting, delivery: Delivery, stopped: AbortSignal): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      const made = await attempt(posting, settings().webhooks.timeoutMs, stopped);
      if (stopped.aborted) return;
      told.onAttempt?.(delivery, made);
      const attempts = [...delivery.attempts, made];
      if (succeeded(made)) return change(delivery, { attempts, state: 'delivered', next_attempt_at: null });
      const pause = posting.once ? undefined : settings().webhooks.retryAfterMs[tries];
      if (pause === undefined) {
        posting.onExhausted?.();
        return change(delivery, { attempts, state: 'failed', next_attempt_at: null });
      }
      const next = new Date(Date.now() + pause).toISOString();
      change(delivery, { attempts, state: 'retrying', next_attempt_at: next });
      if (!(await wait(pause, true, { signal: stopped }).catch(() => false))) return;
      change(delivery, { state: 'sending', next_attempt_at: null });
    }
  }

  const again = new Map<number, Posting>();

  return {
    list,
    /** Posts the same bytes with the same signature and id again, as a single attempt; undefined where there is none. */
    repeat(id: number): Delivery | undefined {
      const posting = again.get(id);
      return posting && this.post({ ...posting, once: true, note: 'sent again' });
    },
    /** Starts a delivery; it goes on by itself. */
    post(posting: Posting): Delivery {
      const { company, event, event_id, url, headers, body, note } = posting;
      const delivery: Delivery = {
        id: ++last,
        company,
        event,
        event_id,
        url,
        note,
        state: 'sending',
        created_at: new Date().toISOString(),
        attempts: [],
        next_attempt_at: null,
        headers,
        body_base64: body.toString('base64'),
      };
      all.push(delivery);
      again.set(delivery.id, posting);
      if (all.length > most) again.delete(all.shift()?.id ?? 0);
      void run(posting, delivery, stop.signal);
      return delivery;
    },
    /** Waits until there are so many that fit, or the time is over; then shows them. */
    async watch(filter: DeliveryFilter, atLeast: number, timeoutMs: number) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const look = () => {
        if (list(filter).length >= atLeast) resolve();
      };
      watchers.add(look);
      look();
      const timer = setTimeout(resolve, timeoutMs);
      await promise;
      clearTimeout(timer);
      watchers.delete(look);
      const found = list(filter);
      return { found, reached: found.length >= atLeast };
    },
    /** Forgets everything and gives up what is under way. */
    reset(): void {
      stop.abort();
      stop = new AbortController();
      all = [];
      again.clear();
      last = 0;
    },
  };
}

/** The deliveries of a running platform. */
export type Deliveries = ReturnType<typeof createDeliveries>;
