import * as v from 'valibot';
import type { HttpClient } from './http.ts';

const isPattern = (path: string): boolean => {
  try {
    return !path.startsWith('^') || new RegExp(path) instanceof RegExp;
  } catch {
    return false;
  }
};
const match = v.strictObject({
  method: v.optional(v.string()),
  /** A prefix of the raw URL, or a regular expression on it when it begins with `^`. */
  path: v.pipe(v.string(), v.check(isPattern, 'not a regular expression')),
  /** Text that the body contains, such as `grant_type=refresh_token`. */
  body_includes: v.optional(v.string()),
});
const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const milliseconds = v.pipe(v.number(), v.minValue(0));

/** A scripted fault as a control call sends it. Without `times` it stays until it is deleted. */
export const faultSchema = v.strictObject({
  match,
  times: v.optional(count),
  fault: v.strictObject({
    status: v.optional(v.pipe(v.number(), v.integer(), v.minValue(200), v.maxValue(599))),
    headers: v.optional(v.record(v.string(), v.string())),
    body: v.optional(v.string()),
    body_base64: v.optional(v.string()),
    body_repeat: v.optional(v.strictObject({ text: v.string(), count })),
    delay_ms: v.optional(milliseconds),
    /** The body in pieces of `bytes`, one each `every_ms`. */
    drip: v.optional(v.strictObject({ bytes: count, every_ms: milliseconds })),
    /** Close the connection instead of answering, or in the middle of the body. */
    hang_up: v.optional(v.picklist(['before', 'mid-body'])),
    /** Half of the body, in a message that is otherwise whole. */
    truncate: v.optional(v.boolean()),
    /** Never answer. */
    silent: v.optional(v.boolean()),
    /** Do what was asked before failing to say so. */
    after_handling: v.optional(v.boolean()),
  }),
});
/** A place where matching requests wait. `at: 'answer'` holds them after they took effect. */
export const gateSchema = v.strictObject({ match, at: v.optional(v.picklist(['request', 'answer']), 'request') });

type Match = v.InferOutput<typeof match>;
/** What is done to an answer. */
export type Fault = v.InferOutput<typeof faultSchema>['fault'];
/** A fault with where it strikes. `label`: how people call it. */
export type FaultRule = v.InferOutput<typeof faultSchema> & { label?: string };
type Gate = {
  id: string;
  match: Match;
  at: 'request' | 'answer';
  held: number;
  total: number;
  open: boolean;
  release: PromiseWithResolvers<void>;
  watchers: Set<() => void>;
};

const matches = (rule: Match, { method, url, body }: HttpClient): boolean =>
  (rule.method === undefined || rule.method.toUpperCase() === method) &&
  (rule.path.startsWith('^') ? new RegExp(rule.path).test(url) : url.startsWith(rule.path)) &&
  (rule.body_includes === undefined || body.includes(rule.body_includes));

/** What a gate tells about itself. */
const view = ({ id, at, held, total, open }: Gate) => ({ id, at, held, total, open });

/** Scripted faults and gates. The newest fault that matches wins. */
export function createInterceptions() {
  let faults: { id: string; match: Match; left: number; fault: Fault; label?: string }[] = [];
  let gates = new Map<string, Gate>();
  let last = 0;
  const openGate = (gate: Gate) => {
    gate.open = true;
    gate.release.resolve();
  };
  return {
    addFault({ match, times, fault, label }: FaultRule): { id: string } {
      const id = String(++last);
      faults.unshift({ id, match, left: times ?? Infinity, fault, ...(label === undefined ? {} : { label }) });
      return { id };
    },
    faults: () =>
      faults.map(({ id, match, left, label }) => ({
        id,
        match,
        left: left === Infinity ? null : left,
        ...(label === undefined ? {} : { label }),
      })),
    /** False where there is none of this id. */
    removeFault(id: string): boolean {
      const before = faults.length;
      faults = faults.filter((one) => one.id !== id);
      return faults.length < before;
    },
    clearFaults(): void {
      faults = [];
    },
    /** The fault that this request meets, counted as used. */
    takeFault(httpClient: HttpClient): Fault | undefined {
      const met = faults.find((one) => matches(one.match, httpClient));
      if (met && --met.left <= 0) faults = faults.filter((one) => one !== met);
      return met?.fault;
    },
    addGate({ match, at }: v.InferOutput<typeof gateSchema>) {
      const gate: Gate = {
        id: String(++last),
        match,
        at,
        held: 0,
        total: 0,
        open: false,
        release: Promise.withResolvers<void>(),
        watchers: new Set(),
      };
      gates.set(gate.id, gate);
      return view(gate);
    },
    gates: () => [...gates.values()].map(view),
    /** Lets everything through, now and later. False when there is no such gate. */
    open(id: string): boolean {
      const gate = gates.get(id);
      if (gate) openGate(gate);
      return gate !== undefined;
    },
    clearGates(): void {
      for (const gate of gates.values()) openGate(gate);
      gates = new Map();
    },
    /** Waits until so many requests are held, or the time is over; then tells how many are. */
    async watch(id: string, held: number, timeoutMs: number) {
      const gate = gates.get(id);
      if (!gate) return undefined;
      const { promise, resolve } = Promise.withResolvers<void>();
      const look = () => {
        if (gate.held >= held) resolve();
      };
      gate.watchers.add(look);
      look();
      const timer = setTimeout(resolve, timeoutMs);
      await promise;
      clearTimeout(timer);
      gate.watchers.delete(look);
      return { ...view(gate), reached: gate.held >= held };
    },
    /** Waits at every closed gate that this request meets. */
    async pass(httpClient: HttpClient, at: 'request' | 'answer'): Promise<void> {
      for (const gate of gates.values()) {
        if (gate.open || gate.at !== at || !matches(gate.match, httpClient)) continue;
        gate.held += 1;
        gate.total += 1;
        for (const look of gate.watchers) look();
        await gate.release.promise;
        gate.held -= 1;
      }
    },
    reset(): void {
      this.clearFaults();
      this.clearGates();
    },
  };
}

/** The faults and gates of a running platform. */
export type Interceptions = ReturnType<typeof createInterceptions>;
