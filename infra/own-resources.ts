/**
 * The place for resources of your own: tables, buckets, queues, and the permissions that your functions need for
 * them. Updates of the template do not touch this file.
 *
 * `functions.get(…)` takes the path of a handler that `api` in extension.config.ts names; `worker` is the function in
 * which the handlers of events, schedules and durable hooks run, all of them together. This adds a table, lets one
 * function use it and tells the function its name (a test builds this very example):
 *
 * ```ts
 * import { RemovalPolicy } from 'aws-cdk-lib';
 * import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
 *
 * export const addOwnResources: AddOwnResources = ({ stack, functions }) => {
 *   const products = functions.get('./functions/app/products.ts');
 *   const notes = new TableV2(stack, 'Notes', {
 *     partitionKey: { name: 'company', type: AttributeType.STRING },
 *     pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
 *     removalPolicy: RemovalPolicy.RETAIN,
 *   });
 *   notes.grant(products, 'dynamodb:GetItem', 'dynamodb:PutItem');
 *   products.addEnvironment('NOTES_TABLE', notes.tableName);
 * };
 * ```
 *
 * With `worker` in place of `products`, a handler of an event could write notes as well. The hook `launched` is neither's:
 * it runs in the callback, which holds the offline tokens' key and gets nothing from here.
 *
 * Begin the partition key with the company that the session proves (`company` in the handler), never with one that a
 * request names.
 */
import type { Stack } from 'aws-cdk-lib';
import type { Function } from 'aws-cdk-lib/aws-lambda';
import type { Extension } from '../shared/config.ts';
import type { AuthorFunctions } from './resources/author-functions.ts';

export interface OwnResources {
  /** Where your constructs go. */
  readonly stack: Stack;
  /** The functions that your handlers of routes became. */
  readonly functions: AuthorFunctions;
  /** The function in which your handlers of events, schedules and durable hooks run. */
  readonly worker: Function;
  /** Your configuration with its defaults filled in. */
  readonly extension: Extension;
}

export type AddOwnResources = (own: OwnResources) => void;

export const addOwnResources: AddOwnResources = () => {
  // Yours.
};
