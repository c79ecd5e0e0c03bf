import type { AddOwnResources } from './resources/own-resources.ts';

/**
 * The place for resources of your own: tables, buckets, queues, and the permissions that your functions need for them.
 * Updates of the template do not touch this file. docs/own-resources.md shows how to add a table.
 */
export const addOwnResources: AddOwnResources = () => {
  // Yours.
};
