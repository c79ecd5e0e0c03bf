import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { App } from 'aws-cdk-lib';
import { vi } from 'vitest';
import { ExtensionStack } from '../../infra/extension-stack.ts';
import { authorFunctions, entriesOf, worker } from '../../infra/functions.ts';
import { loadExtension } from '../../infra/load-extension.ts';
import { loadOwnResources } from '../../infra/load-own-resources.ts';
import { createTables } from '../../infra/local/dynamodb/tables.ts';
import { physicalIds } from '../../infra/local/template/physical-ids.ts';
import { readAssembly } from '../../infra/local/template/read-assembly.ts';
import { readStack, type Stack } from '../../infra/local/template/read-stack.ts';
import { environment } from '../../shared/contract.ts';
import { secretIdPrefix } from '../../shared/own-variables.ts';
import { ownWorld } from './own-world.ts';

/** The tables that `resources` of the configuration adds, by the variable that hands their name to functions. */
export interface OwnTables {
  /** Writes items, with plain values. */
  put(variable: string, ...items: readonly Readonly<Record<string, unknown>>[]): Promise<void>;
  /** All items, in no order. */
  items(variable: string): Promise<Record<string, unknown>[]>;
}

/**
 * Makes the tables of one's own resources on a real DynamoDB engine, and hands the handlers under test the variables that
 * the stack would hand them. To be awaited in `beforeAll`; takes a second or two.
 * @throws {Error} where the configuration names no resources.
 */
export async function startOwnTables(): Promise<OwnTables> {
  const extension = await loadExtension();
  if (extension.resources === undefined) throw new Error('The configuration names no file as `resources`.');
  const world = await ownWorld();
  const { stack, authors } = await synthesizeOwn(extension);
  const templates = new Set<string>(Object.values(environment));
  const variables = authors.flatMap(({ environment: handed }) => Object.entries(handed));
  const own = variables.filter(([name]) => !templates.has(name) && !name.startsWith(secretIdPrefix));
  for (const [name, value] of own) vi.stubEnv(name, value);
  const names = new Set(own.map(([, value]) => value));
  const engine = { accessKeyId: 'local', secretAccessKey: 'local' };
  const tables = stack.tables.filter(({ name }) => names.has(name));
  await createTables(world.tables.endpoint, engine, tables, 'this test');
  const { documents } = world.tables;
  const tableOf = (variable: string) => {
    const TableName = process.env[variable];
    if (tables.some(({ name }) => name === TableName)) return { TableName: TableName ?? '' };
    const known = own.filter(([, value]) => tables.some(({ name }) => name === value)).map(([name]) => name);
    throw new Error(`${variable} names no table of your own. These do: ${[...new Set(known)].join(', ') || 'none'}.`);
  };
  return {
    put: async (variable, ...items) => {
      for (const Item of items) await documents.send(new PutCommand({ ...tableOf(variable), Item }));
    },
    items: async (variable) => {
      const { Items = [] } = await documents.send(new ScanCommand({ ...tableOf(variable), ConsistentRead: true }));
      return Items;
    },
  };
}

/** The stack with stand-ins for bundles, as the local runtime reads it. */
async function synthesizeOwn(
  extension: Awaited<ReturnType<typeof loadExtension>>,
): Promise<{ stack: Stack; authors: Stack['functions'] }> {
  const temporary = mkdtempSync(join(tmpdir(), 'own-tables-'));
  try {
    const directory = join(temporary, 'bundle');
    mkdirSync(directory);
    writeFileSync(join(directory, 'index.js'), '');
    const outdir = join(temporary, 'cdk.out');
    const { context } = JSON.parse(readFileSync('cdk.json', 'utf8')) as { context: Record<string, unknown> };
    const app = new App({ outdir, analyticsReporting: false, builtinCloudFormationValidation: false, context });
    const bundles = new Map(
      entriesOf(extension).map((entry) => [entry, { directory, bytes: 0, digest: '', inputs: [] }]),
    );
    const made = new ExtensionStack(app, 'Extension', {
      env: { region: 'us-east-1' },
      extension,
      bundles,
      baseUrl: undefined,
    });
    const addOwnResources = await loadOwnResources(extension.resources);
    const { functions, worker: itsWorker, live, api } = made;
    addOwnResources?.({ stack: made, functions, worker: itsWorker, live, api, extension });
    const ids = new Set(
      [...authorFunctions(extension), worker].flatMap(({ entry }) => {
        const fn = made.functionsByEntry.get(entry);
        return fn === undefined ? [] : [made.getLogicalId(fn.node.defaultChild as never)];
      }),
    );
    app.synth();
    const assembly = readAssembly(outdir);
    const sqsEndpoint = (await ownWorld()).queue.endpoint;
    const stack = readStack(assembly, physicalIds(assembly.resources, { suffix: 'test', sqsEndpoint }));
    return { stack, authors: stack.functions.filter(({ logicalId }) => ids.has(logicalId)) };
  } finally {
    rmSync(temporary, { recursive: true });
  }
}
