import type { StackResourceSummary } from '@aws-sdk/client-cloudformation';
import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { IAMClient } from '@aws-sdk/client-iam';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { Extension } from '../../../shared/config.ts';
import type { DeployedStack } from '../../commands/deployed-stack.ts';
import type { ExtensionDetails } from '../../commands/extension-details.ts';
import type { OpenData } from '../open-data.ts';

/** What a check is given. What two checks need is asked for once. */
export interface Examined {
  readonly extension: Extension;
  readonly cluster: string;
  /** Origin as browsers see it. */
  readonly baseUrl: string;
  /** Rejects with a sentence where key and secret are not stored, cannot be right, are refused, or nobody answers. */
  readonly details: () => Promise<ExtensionDetails>;
  /** Asks the extension itself. Redirects are not followed; rejects with a sentence where it cannot be reached. */
  readonly ask: (path: string, request?: Asked) => Promise<Response>;
  readonly nowMs: () => number;
  readonly data: OpenData;
  /** Undefined for an extension on this machine, which has none of it. */
  readonly account: Account | undefined;
}

/** Default: a GET without a body. */
export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What only a deployed extension has around it. */
export interface Account {
  readonly stack: DeployedStack;
  readonly resources: () => Promise<readonly StackResourceSummary[]>;
  readonly cloudWatch: CloudWatchClient;
  readonly iam: IAMClient;
  readonly lambda: LambdaClient;
  /** An emulator on this machine. Where it is known to differ from AWS, a check does not hold it against the stack. */
  readonly isEmulated: boolean;
}

/** `unknown`: another finding has to be mended first, nobody says, or these credentials may not look. */
export interface Finding {
  readonly result: 'ok' | 'wrong' | 'unknown';
  readonly says: string;
  /** What to do; undefined where nothing is to be done. */
  readonly remedy?: string;
}

/** One thing that must hold. A check that rejects with a sentence is wrong, with `remedy`. */
export interface Check {
  readonly name: string;
  readonly run: (examined: Examined) => Promise<Finding>;
  readonly remedy: string;
}

/** A check of what only a deployed extension has. */
export interface AccountCheck extends Omit<Check, 'run'> {
  readonly run: (account: Account, examined: Examined) => Promise<Finding>;
}

export const ok = (says: string): Finding => ({ result: 'ok', says });
export const wrong = (says: string, remedy?: string): Finding => ({
  result: 'wrong',
  says,
  ...(remedy !== undefined && { remedy }),
});
export const unknown = (says: string, remedy?: string): Finding => ({ ...wrong(says, remedy), result: 'unknown' });

/** Wrong with all that is, or well. */
export function judged(faults: readonly string[], well: string, remedy?: string): Finding {
  return faults.length === 0 ? ok(well) : wrong(faults.join('; '), remedy);
}

/** `3 min`, `5 h`, `12 days`. */
export function lasting(milliseconds: number): string {
  const minutes = milliseconds / 60_000;
  if (minutes < 90) return `${Math.max(0, Math.round(minutes))} min`;
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1_440)} days`;
}
