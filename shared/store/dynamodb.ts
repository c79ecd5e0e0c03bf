import { type AttributeValue, ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { awsClientOptions } from '../aws-client-options.ts';

/** One client per process: connections are kept between requests. The SDK retries what DynamoDB asks to retry. */
export function createDynamoDb(): DynamoDBClient {
  const client = new DynamoDBClient(awsClientOptions());
  // Without a logger it still filters, at each call, what it would log: a twentieth of all that a read costs.
  client.middlewareStack.remove('loggerMiddleware');
  return client;
}

/** An item as DynamoDB holds it. */
export type Item = Record<string, AttributeValue>;

/** A stored item that this extension cannot have written, or wrote in another version. Never the caller's fault. */
class CorruptItemError extends Error {
  override readonly name = 'CorruptItemError';
}

export function text(item: Item, attribute: string): string {
  return optionalText(item, attribute) ?? corrupt(attribute);
}

export function optionalText(item: Item, attribute: string): string | undefined {
  const value = item[attribute];
  if (value === undefined) return undefined;
  return value.S ?? corrupt(attribute);
}

export function integer(item: Item, attribute: string): number {
  return optionalInteger(item, attribute) ?? corrupt(attribute);
}

export function optionalInteger(item: Item, attribute: string): number | undefined {
  const value = item[attribute];
  if (value === undefined) return undefined;
  const parsed = Number(value.N);
  return Number.isSafeInteger(parsed) ? parsed : corrupt(attribute);
}

export function stringList(item: Item, attribute: string): string[] | undefined {
  const value = item[attribute];
  if (value === undefined) return undefined;
  return (value.L ?? corrupt(attribute)).map((each) => each.S ?? corrupt(attribute));
}

export function corrupt(attribute: string): never {
  throw new CorruptItemError(`A stored item has no valid ${attribute}.`);
}

/** Names for an expression, so that no attribute can collide with a reserved word: `#status` for `status`. */
export function expressionNames(attributes: readonly string[]): Record<string, string> {
  return Object.fromEntries(attributes.map((attribute) => [`#${attribute}`, attribute]));
}

export function isConditionFailure(error: unknown): boolean {
  return error instanceof ConditionalCheckFailedException;
}
