import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  type BatchGetCommandInput,
  type BatchGetCommandOutput,
  DynamoDBDocumentClient,
  type PutCommand,
  UpdateCommand,
  type UpdateCommandOutput,
} from '@aws-sdk/lib-dynamodb';
import * as v from 'valibot';
import { awsClientOptions } from '../aws-client-options.ts';
import { OneShotSha256 } from './one-shot-sha256.ts';
import { throwTryAgain, tryAgain } from './unavailable.ts';

/**
 * One client per process, taking and giving plain values: connections are kept between requests. Every call is of a few
 * small items, a page of a listing at most, so that one which takes a second is lost. What DynamoDB asks to retry is
 * tried once more, and is then `try_again`.
 */
export function createDynamoDb(): DynamoDBDocumentClient {
  const options = awsClientOptions({ requestTimeoutMs: 1_000, maxAttempts: 2 });
  const client = new DynamoDBClient({ ...options, sha256: OneShotSha256 });
  const stack = client.middlewareStack;
  // Without a logger it still filters, at each call, what it would log: a twentieth of all that a read costs.
  stack.remove('loggerMiddleware');
  // It spells out at each call what software asks, a tenth of the cost; DynamoDB answers the same without.
  stack.remove('getUserAgentMiddleware');
  // Lambda counts by it how often a function called itself, for which a table is no way.
  stack.remove('recursionDetectionMiddleware');
  stack.add(throwTryAgain, { step: 'initialize', priority: 'high', name: 'throwTryAgain' });
  return documentClient(client);
}

/** A client that takes and gives plain values; what is undefined is left out of an item. */
export function documentClient(client: DynamoDBClient): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}

/** What a store asks of a client. */
export type DocumentClient = Pick<DynamoDBDocumentClient, 'send'>;

/** A stored item that this extension cannot have written, or wrote in another version. Never the caller's fault. */
class CorruptItemError extends Error {
  override readonly name = 'CorruptItemError';
}

/** @throws {CorruptItemError} naming the attribute, never its value. */
export function corrupt(attribute: string): never {
  throw new CorruptItemError(`A stored item has no valid ${attribute}.`);
}

/**
 * An item as the schema says that it was written.
 * @throws {CorruptItemError} naming the first attribute that is something else.
 */
export function parseItem<const Schema extends v.GenericSchema>(schema: Schema, item: unknown): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, item, { abortEarly: true });
  return parsed.success ? parsed.output : corrupt(attributeOf(parsed.issues[0]));
}

function attributeOf({ path }: v.BaseIssue<unknown>): string {
  const key = path?.[0]?.key;
  return typeof key === 'string' ? key : 'attribute';
}

/** A number that JavaScript holds exactly. The client gives larger ones as `bigint`, which this refuses. */
export const integer = v.pipe(v.number(), v.safeInteger());

/** What a consistent read says of the attributes that it reads: to be made once. No name collides with a reserved word. */
export function projection(attributes: readonly string[]) {
  return {
    ConsistentRead: true,
    ProjectionExpression: attributes.map((name) => `#${name}`).join(', '),
    ExpressionAttributeNames: names(attributes),
  };
}

/** What becomes of one item. */
export interface Change {
  /** What is undefined stays as it is. */
  readonly set: Readonly<Record<string, unknown>>;
  readonly remove?: readonly string[];
  /** The condition: values that the attributes still have. What is undefined must be absent. */
  readonly expect?: Readonly<Record<string, string | number | undefined | { readonly absentOrBelow: number }>>;
}

/** A change as an `UpdateCommand` spells it: expressions, names and values come from one place and cannot disagree. */
export function update({ set, remove = [], expect = {} }: Change) {
  const values: Record<string, unknown> = {};
  const value = (name: string, it: unknown) => {
    values[name] = it;
    return name;
  };
  const assigned = Object.entries(set).filter(([, it]) => it !== undefined);
  const sets = assigned.map(([name, it]) => `#${name} = ${value(`:set_${name}`, it)}`);
  const removes = remove.map((name) => `#${name}`);
  const conditions = Object.entries(expect).map(([name, it]) => {
    const absent = `attribute_not_exists(#${name})`;
    if (it === undefined) return absent;
    return typeof it === 'object'
      ? `(${absent} OR #${name} < ${value(`:limit_${name}`, it.absentOrBelow)})`
      : `#${name} = ${value(`:was_${name}`, it)}`;
  });
  return {
    UpdateExpression: `SET ${sets.join(', ')}${removes.length === 0 ? '' : ` REMOVE ${removes.join(', ')}`}`,
    ...(conditions.length === 0 ? {} : { ConditionExpression: conditions.join(' AND ') }),
    ExpressionAttributeNames: names([...assigned.map(([name]) => name), ...remove, ...Object.keys(expect)]),
    ExpressionAttributeValues: values,
  };
}

/** Changes one item. False where what is expected of it does not hold: nothing was changed then. */
export async function updateItem(
  client: DocumentClient,
  item: { readonly TableName: string; readonly Key: Readonly<Record<string, string>> },
  change: Change,
): Promise<boolean> {
  try {
    await client.send(new UpdateCommand({ ...item, ...update(change), ReturnValues: 'NONE' }));
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

/** DynamoDB asks for unprocessed keys again under load; after this many rounds the request fails. */
const maxBatchRounds = 5;

/**
 * Reads up to 100 items, of one table or several; resolves to those that are there, by table and in any order.
 * @throws {AppError} `try_again` where DynamoDB leaves out some of them again and again.
 */
export async function readTogether(
  client: DocumentClient,
  requests: NonNullable<BatchGetCommandInput['RequestItems']>,
): Promise<Map<string, Record<string, unknown>[]>> {
  const found = new Map(Object.keys(requests).map((table) => [table, [] as Record<string, unknown>[]]));
  let pending: BatchGetCommandInput['RequestItems'] = requests;
  for (let round = 0; ; round++) {
    const { Responses = {}, UnprocessedKeys = {} }: BatchGetCommandOutput = await client.send(
      new BatchGetCommand({ RequestItems: pending }),
    );
    for (const [table, items] of Object.entries(Responses)) found.get(table)?.push(...items);
    if (Object.keys(UnprocessedKeys).length === 0) return found;
    if (round === maxBatchRounds) throw tryAgain();
    await new Promise((resolve) => setTimeout(resolve, 2 ** round * 20 * (0.5 + Math.random() / 2)));
    pending = UnprocessedKeys;
  }
}

/**
 * Sends a write that nothing rests on: once, whatever comes of it, and for at most so many milliseconds.
 * @throws where it was not written, or not known to be.
 */
export async function sendOnce(
  client: DocumentClient,
  written: PutCommand | UpdateCommand,
  maxMs: number,
): Promise<Pick<UpdateCommandOutput, 'Attributes'>> {
  // Neither overload takes both.
  const command = written as UpdateCommand;
  let failure: unknown;
  // Inside the SDK's retries, which know nothing of the error that they get.
  command.middlewareStack.add(
    (next) => (args) =>
      next(args).catch((error: unknown) => {
        failure = error;
        throw new Error('The item was not written.');
      }),
    // A document command adds its middleware twice.
    { step: 'finalizeRequest', priority: 'low', name: 'once', override: true },
  );
  try {
    return await client.send(command, { abortSignal: AbortSignal.timeout(maxMs) });
  } catch (error) {
    throw failure ?? error;
  }
}

function names(attributes: readonly string[]): Record<string, string> {
  return Object.fromEntries(attributes.map((name) => [`#${name}`, name]));
}
