import * as v from 'valibot';
import type { FaultRule } from './interceptions.ts';
import { services } from './scopes.ts';

const rfc6749 = { 'content-type': 'application/json' };
const answer = (status: number, message: string, headers: Record<string, string> = {}) => ({
  status,
  headers: { ...rfc6749, ...headers },
  body: JSON.stringify({ message }),
});

/** What can be wrong with a service, in the words of the panel. */
export const faultKinds = {
  unauthorized: { label: '401: the token is refused', fault: answer(401, 'Unauthorized') },
  forbidden: { label: '403: not allowed', fault: answer(403, 'Forbidden') },
  'rate-limited': {
    label: '429: too many calls, try again in 2 s',
    fault: answer(429, 'Too many requests', { 'retry-after': '2' }),
  },
  failing: { label: '500: the service fails', fault: answer(500, 'Internal server error') },
  slow: { label: 'slow: answers after 3 s', fault: { delay_ms: 3000 } },
  silent: { label: 'silent: never answers', fault: { silent: true } },
  'hang-up': { label: 'hangs up before it answers', fault: { hang_up: 'before' } },
  'broken-off': { label: 'breaks off in the middle of the answer', fault: { hang_up: 'mid-body' } },
} as const satisfies Record<string, { label: string; fault: FaultRule['fault'] }>;
type FaultKind = keyof typeof faultKinds;

/** Addresses by name: `all` is everything that the extension's servers call. */
const addresses: Readonly<Record<string, string>> = {
  all: '^/service/(platform|partner|common|panel/partners|panel/authentication/.*/oauth/(offline-)?token)',
  token: '^/service/panel/authentication/[^?]*/oauth/(offline-)?token',
  authorize: '^/service/panel/authentication/[^?]*/oauth/authorize',
  ...Object.fromEntries([...services].sort().map((name) => [name, `^/service/(platform|partner)/${name}/`])),
};

/** The services that can be disturbed. */
export const disturbable: readonly string[] = Object.keys(addresses);

/** A fault by the service's name, as a control call sends it. */
export const serviceFaultSchema = v.strictObject({
  service: v.picklist(disturbable),
  kind: v.picklist(Object.keys(faultKinds) as FaultKind[]),
  times: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
});

/** The scripted fault that it stands for. */
export function serviceFault({ service, kind, times }: v.InferOutput<typeof serviceFaultSchema>): FaultRule {
  const { fault, label } = faultKinds[kind];
  return { match: { path: addresses[service] ?? '' }, times, fault, label: `${service} · ${label}` };
}
