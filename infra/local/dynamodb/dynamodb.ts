import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { create, type Store } from 'dynalite/db/index.js';
import { checkTypes, checkValidations, type Validation } from 'dynalite/validations/index.js';
import { type AccessKey, refuseStranger } from '../host/access.ts';
import { closeServer, listenInternally } from '../host/listen.ts';
import { readBody } from '../host/read-body.ts';
import { StartError } from '../host/start-error.ts';
import { systemReason } from '../host/system-error.ts';
import type { StandIn } from '../secrets/secrets-manager.ts';

/** Told of each request before it is carried out. Tables are physical names. */
export type OnDynamoDbRequest = (operation: string, tables: readonly string[], input: unknown) => void;

/** Told of the capacity units that a request used, of each table, once it was carried out or its condition did not hold. */
export type OnDynamoDbConsumed = (operation: string, units: Readonly<Record<string, number>>) => void;

const operations = [
  'BatchGetItem',
  'BatchWriteItem',
  'CreateTable',
  'DeleteItem',
  'DeleteTable',
  'DescribeTable',
  'DescribeTimeToLive',
  'GetItem',
  'ListTables',
  'PutItem',
  'Query',
  'Scan',
  'UpdateItem',
  'UpdateTable',
];
const maximumRequestBytes = 16_777_216;

/** What DynamoDB answers where it refuses; dynalite throws it or hands it to its callback. */
interface Refusal {
  readonly statusCode: number;
  readonly body: object;
}

export interface LocalDynamoDb {
  readonly directory: string;
  readonly accessKey: AccessKey;
  readonly onRequest: OnDynamoDbRequest;
  readonly onConsumed?: OnDynamoDbConsumed | undefined;
  /** Told in a sentence why the database fails. */
  readonly warn: (sentence: string) => void;
}

type Callback = (error: unknown, output?: object) => void;
type Carry = (store: Store, input: unknown, done: Callback) => void;

const require = createRequire(import.meta.url);

/**
 * DynamoDB on this machine, kept in the directory, for this run's functions only. dynalite's own server throws where its
 * database fails, out of a callback that nobody can catch: this takes the parts, and answers 500.
 * @throws {StartError} where the directory cannot be used.
 */
export async function startDynamoDb({
  directory,
  accessKey,
  onRequest,
  onConsumed,
  warn,
}: LocalDynamoDb): Promise<StandIn> {
  const store = create({ path: directory, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  await store.db.open().catch((error: unknown) => {
    throw new StartError(unusable(directory, error), { cause: error });
  });
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const send = (status: number, content: object) => {
      const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': randomUUID() };
      response.writeHead(status, headers).end(JSON.stringify(content));
    };
    const refuse = (status: number, type: string, message?: string) => send(status, { __type: type, message });
    const body = await readBody(request, maximumRequestBytes);
    const stranger = refuseStranger(request.headers, request.socket.localPort, accessKey);
    if (stranger) return send(stranger.status, stranger.body);
    if (body === undefined) return refuse(413, 'com.amazon.coral.service#RequestEntityTooLargeException');
    const [, operation = ''] = /^DynamoDB_20120810\.(\w+)$/.exec(String(request.headers['x-amz-target'])) ?? [];
    if (!operations.includes(operation)) return refuse(400, 'com.amazon.coral.service#UnknownOperationException');
    const input = parseInput(body);
    if (!input) return refuse(400, 'com.amazon.coral.service#SerializationException');
    onRequest(operation, tablesOf(input), input);
    try {
      const counted = onConsumed && isMetered(operation) ? { ...input, ReturnConsumedCapacity: 'TOTAL' } : input;
      const output = await carryOut(store, operation, counted);
      if (counted !== input) onConsumed?.(operation, unitsOf(output));
      send(200, output);
    } catch (error) {
      // A write whose condition does not hold costs what it would have cost; ours are of small items.
      if (isRefusal(error) && /ConditionalCheckFailed/.test(JSON.stringify(error.body))) {
        onConsumed?.(operation, Object.fromEntries(tablesOf(input).map((table) => [table, 1])));
      }
      if (isRefusal(error)) return send(error.statusCode, error.body);
      warn(unusable(directory, error));
      refuse(500, 'com.amazonaws.dynamodb.v20120810#InternalServerError', 'The local tables cannot be used.');
    }
  };
  return {
    endpoint: await listenInternally(server),
    async close() {
      await closeServer(server);
      await store.db.close();
    },
  };
}

async function carryOut(store: Store, operation: string, input: object): Promise<object> {
  const name = `${operation.charAt(0).toLowerCase()}${operation.slice(1)}`;
  const { types, custom } = require(`dynalite/validations/${name}.js`) as Validation;
  const carry = require(`dynalite/actions/${name}.js`) as Carry;
  const checked = checkTypes(input, types);
  checkValidations(checked, types, custom, store);
  return new Promise((resolve, reject) => {
    carry(store, checked, (error, output) => {
      if (error) reject(error);
      else resolve(output ?? {});
    });
  });
}

function parseInput(body: Buffer): object | undefined {
  try {
    const input: unknown = JSON.parse(String(body));
    return typeof input === 'object' && input !== null ? input : undefined;
  } catch {
    return undefined;
  }
}

function tablesOf(input: { TableName?: string; RequestItems?: object }): readonly string[] {
  return input.TableName === undefined ? Object.keys(input.RequestItems ?? {}) : [input.TableName];
}

function isMetered(operation: string): boolean {
  return /^(BatchGet|Delete|Get|Put|Update)Item$|^(Query|Scan)$/.test(operation);
}

interface Consumed {
  readonly TableName: string;
  readonly CapacityUnits: number;
}

function unitsOf(output: { ConsumedCapacity?: Consumed | readonly Consumed[] }): Record<string, number> {
  const consumed = [output.ConsumedCapacity ?? []].flat();
  return Object.fromEntries(consumed.map(({ TableName, CapacityUnits }) => [TableName, CapacityUnits]));
}

function isRefusal(error: unknown): error is Refusal {
  return typeof error === 'object' && error !== null && 'statusCode' in error && 'body' in error;
}

function unusable(directory: string, error: unknown): string {
  const reason = systemReason(error);
  return reason === undefined
    ? `The tables in ${directory} are damaged: bring the folder back from a copy, or delete it and start again. Companies then install again.`
    : `The tables in ${directory} cannot be used, since ${reason}, and start again.`;
}
