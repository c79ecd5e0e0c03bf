import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import type { AccessMode } from '../config.ts';
import { type KeyRing, open, seal } from '../sealing.ts';
import { parseTenantKey, type Tenant, tenantKey } from '../tenant.ts';

/** A sign-in under way: what was asked for at install, stored by the browser until it comes back with a code. */
export interface Transaction {
  readonly state: string;
  readonly tenant: Tenant;
  readonly applicationId: string | undefined;
  readonly redirectPath: string | undefined;
  readonly accessMode: AccessMode;
  /** The platform said that this launch installs the extension. */
  readonly installEvent: boolean;
  /** It was begun in a window of its own, and what it comes to goes to whoever opened that. */
  readonly inWindow?: boolean | undefined;
  /** Epoch milliseconds. */
  readonly startedAtMs: number;
  /** Proves, where the code is redeemed, that it is for this very sign-in (RFC 7636); undefined where PKCE is off. */
  readonly codeVerifier?: string | undefined;
  /** The platform has refused its code, which is not asked for again. */
  readonly isCodeRefused?: boolean | undefined;
}

/** RFC 9700 asks for short-lived transactions; ten minutes leave time to read a consent page. */
export const transactionSeconds = 600;

const cookiePrefix = '__Host-ext_txn_';
const stateBytes = 32;

/** A state with 256 bits of randomness (RFC 6749 §10.10 asks for 128 and wants 160). */
export function createState(): string {
  return randomBytes(stateBytes).toString('base64url');
}

/** One cookie per state, so that tabs do not disturb each other. The name shows a part of it that is no secret. */
export function transactionCookieName(state: string): string {
  return `${cookiePrefix}${state.replaceAll(/[^\w-]/g, '').slice(0, 8)}`;
}

export function isTransactionCookie(name: string): boolean {
  return name.startsWith(cookiePrefix);
}

const claimsSchema = v.object({
  sub: v.string(),
  st: v.string(),
  app: v.optional(v.string()),
  path: v.optional(v.string()),
  mode: v.picklist(['offline', 'online']),
  inst: v.optional(v.boolean(), false),
  win: v.optional(v.boolean()),
  at: v.number(),
  no: v.optional(v.boolean()),
  ver: v.optional(v.string()),
});

export async function sealTransaction(keys: Pick<KeyRing, 'current'>, transaction: Transaction): Promise<string> {
  return await seal(keys, 'transaction', {
    subject: tenantKey(transaction.tenant),
    expiresAt: Math.floor(transaction.startedAtMs / 1000) + transactionSeconds,
    claims: {
      st: transaction.state,
      app: transaction.applicationId,
      path: transaction.redirectPath,
      mode: transaction.accessMode,
      inst: transaction.installEvent || undefined,
      win: transaction.inWindow || undefined,
      at: transaction.startedAtMs,
      no: transaction.isCodeRefused || undefined,
      ver: transaction.codeVerifier,
    },
  });
}

/** Undefined where the text is not a live transaction of this extension. */
export async function openTransaction(
  keys: Pick<KeyRing, 'find'>,
  text: string,
  now: Date,
): Promise<Transaction | undefined> {
  const opened = await open(keys, 'transaction', { text, now });
  if (opened.outcome !== 'opened') return undefined;
  const parsed = v.safeParse(claimsSchema, opened.claims);
  if (!parsed.success) return undefined;
  const { sub, st, app, path, mode, inst, win, at, no, ver } = parsed.output;
  const tenant = parseTenantKey(sub);
  if (tenant === undefined) return undefined;
  return {
    state: st,
    tenant,
    applicationId: app,
    redirectPath: path,
    accessMode: mode,
    installEvent: inst,
    inWindow: win,
    startedAtMs: at,
    isCodeRefused: no,
    codeVerifier: ver,
  };
}
