/** Where an engine does not do what AWS does. Each is looked for in every run: one that is gone fails the run. */
export interface Difference {
  readonly engine: 'dynalite' | 'DynamoDB Local' | 'MiniStack';
  /** The title of the test in behaviour.test.ts that cannot pass there. */
  readonly what: string;
  readonly because: string;
}

export const differences: readonly Difference[] = [
  {
    engine: 'dynalite',
    what: 'returns the item of a failed condition where that is asked for, and otherwise not',
    because: 'dynalite ignores ReturnValuesOnConditionCheckFailure. The store does not ask for it.',
  },
  {
    engine: 'dynalite',
    what: 'takes a TTL for a table and says which attribute it goes by',
    because: 'dynalite knows no TTL. Every read judges by itself what has expired.',
  },
  {
    engine: 'dynalite',
    what: 'counts a write of 1 KB as a unit, and one more where the index changes',
    because: 'dynalite counts no writes of indexes. docs/capacity.md adds the one of a first installation.',
  },
  {
    engine: 'DynamoDB Local',
    what: 'counts a consistent read of 4 KB as a unit, also of an item that is not there',
    because: 'DynamoDB Local counts nothing for an item that is not there.',
  },
  {
    engine: 'MiniStack',
    what: 'counts a consistent read of 4 KB as a unit, also of an item that is not there',
    because: 'MiniStack counts no units of a batch. Nothing is counted there.',
  },
  {
    engine: 'MiniStack',
    what: 'refuses an update that names an attribute twice',
    because: 'MiniStack carries the update out. What the store sends was judged by the other engines.',
  },
];

/**
 * Engines that delete what has expired while a test can wait for it. MiniStack does so once a minute, AWS within a few
 * days.
 */
export const deletingEngines: readonly string[] = ['DynamoDB Local'];
