import type { Outcome } from '../lambda/function-instance.ts';

export interface BatchOutcome {
  /** Ids of the messages that stay in the queue. */
  readonly failed: ReadonlySet<string>;
  /** Why the whole batch failed although the function answered. */
  readonly malformed?: string;
}

/**
 * Judges what a function answered to a batch, as Lambda does
 * (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html): an answer that names an unknown
 * message, or is not of the form, fails the whole batch; one without a list, or with none at all, fails nothing.
 */
export function processBatchOutcome(
  outcome: Outcome,
  messageIds: readonly string[],
  reportsFailures: boolean,
): BatchOutcome {
  const all = new Set(messageIds);
  if (outcome.kind === 'error') return { failed: all };
  if (!reportsFailures) return { failed: new Set() };
  const answer = JSON.parse(outcome.json) as { readonly batchItemFailures?: unknown } | null;
  if (answer === null) return { failed: new Set() };
  if (typeof answer !== 'object') return { failed: all, malformed: 'the answer is not an object' };
  const failures = answer.batchItemFailures ?? [];
  if (!Array.isArray(failures)) return { failed: all, malformed: 'batchItemFailures is not a list' };
  const failed = failures.map((failure: { readonly itemIdentifier?: unknown } | null) => failure?.itemIdentifier);
  const named = failed.filter((id) => typeof id === 'string' && all.has(id)) as string[];
  if (named.length < failed.length) {
    return { failed: all, malformed: 'an itemIdentifier in batchItemFailures names no message of the batch' };
  }
  return { failed: new Set(named) };
}
