/** What the parent and its processes say to each other. */

export interface Ask {
  readonly id: number;
  readonly companyId: string;
  readonly endpoint: string;
  readonly tableName: string;
  readonly cluster: string;
  /** How many ask at once in this process, spread over so many instances that know nothing of each other. */
  readonly askers: number;
  readonly instances: number;
  readonly timing: Readonly<Record<'leaseMs' | 'startWithinMs' | 'callMs' | 'pollMs' | 'patienceMs', number>>;
  readonly clockAheadMs: number;
  /** Where the process stops and says so, until it is released or killed. */
  readonly holdAt?: 'call' | 'renew' | undefined;
}

/** A step of the protocol, as one instance took it. */
export type Taken =
  | { readonly step: 'find'; readonly version: number | undefined; readonly isLeased: boolean }
  | { readonly step: 'wait'; readonly milliseconds: number }
  | { readonly step: 'takeLease' | 'giveLeaseBack' | 'renew' | 'markReauthorize'; readonly result: boolean };

export type Answer =
  | { readonly outcome: 'token'; readonly digest: string; readonly state: 'alive' | 'dead' | 'unknown' }
  | { readonly outcome: 'refused'; readonly code: string; readonly retryAfter: string | undefined };

export type FromParent = ({ readonly kind: 'ask' } & Ask) | { readonly kind: 'release' };

export type FromChild =
  | { readonly kind: 'ready' }
  /** `watching`: an instance saw somebody else's lease. */
  | { readonly kind: 'watching' | 'held'; readonly id: number }
  | {
      readonly kind: 'done';
      readonly id: number;
      readonly answers: readonly Answer[];
      /** One list for each instance. */
      readonly steps: readonly (readonly Taken[])[];
    };

export const apiKey = 'extension-client-1';
export const apiSecret = 'CANARY-api-secret';
export const tokenSecret = 'CANARY-token-secret-0123456789abcdef';
