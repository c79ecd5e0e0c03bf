import type { Stack } from 'aws-cdk-lib';
import type { Function, IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Extension } from '../../shared/config.ts';
import type { AuthorFunctions } from './author-functions.ts';
import type { OwnApi } from './own-api.ts';

/** What the file is given that `resources` in the configuration names. */
export interface OwnResources {
  /** Where your constructs go. */
  readonly stack: Stack;
  /** The functions that your handlers of routes became. */
  readonly functions: AuthorFunctions;
  /** The function in which your handlers of events, schedules and durable hooks run. */
  readonly worker: Function;
  /**
   * What is to call a function of these in its place: itself, or where the stage's deployments are gradual its alias, which
   * leads to the version that is live.
   */
  readonly live: (fn: Function) => IFunction;
  /** The extension's API: leads a domain of yours to it, and adds routes that anybody reaches. */
  readonly api: OwnApi;
  /** Your configuration with its defaults filled in. */
  readonly extension: Extension;
}

/** What that file exports as `addOwnResources`: it adds constructs and grants, and returns nothing. */
export type AddOwnResources = (own: OwnResources) => void;
