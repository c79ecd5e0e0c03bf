import type { Tenant } from '../tenant.ts';
import { transactionSeconds } from './transactions.ts';

const cookiePrefixes = {
  company: '__Host-ext_round_',
  organization: '__Host-ext_round_org_',
} as const satisfies Record<Tenant['kind'], string>;

/**
 * A page that sends somebody to sign in sets this cookie to `begun`, the callback makes `done` of it, and the page clears
 * it when they are back: where it finds no session that works then, another round would not help. It proves nothing, and
 * whoever forges it only misses being sent to sign in.
 */
export function roundCookieName({ kind, id }: Tenant): string {
  return `${cookiePrefixes[kind]}${id}`;
}

export function isRoundCookie(name: string): boolean {
  return name.startsWith(cookiePrefixes.company);
}

/** How long each step may take: all of a sign-in, and the redirect that it ends with. */
export const roundSeconds = { begun: transactionSeconds, done: 60 } as const;
