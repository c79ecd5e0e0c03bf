import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { AddOwnResources } from '../../infra/resources/own-resources.ts';
import { ConfigurationError } from '../../shared/config.ts';
import { busySample, ofType, synthesizedStack, target } from './synthesized-stack.ts';

/** The example as it stands in the documentation. */
async function example(): Promise<AddOwnResources> {
  const [, source = ''] =
    /```ts\n\/\/ infra\/own-resources\.ts\n([^]*?)```/.exec(readFileSync('docs/own-resources.md', 'utf8')) ?? [];
  expect(source).toContain('export const addOwnResources');
  // Inside the project, so that its packages are found; the folder is ignored by git.
  mkdirSync('cdk.out', { recursive: true });
  const directory = mkdtempSync(join('cdk.out', 'own-resources-test-'));
  try {
    const file = resolve(directory, 'example.ts');
    writeFileSync(file, source);
    return (await import(/* @vite-ignore */ pathToFileURL(file).href)).addOwnResources;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe("the author's own resources", () => {
  test('as in the example: a table that one function may use and knows the name of', async () => {
    const { resources } = synthesizedStack({
      extension: { ...busySample, api: { 'GET /api/products': './functions/app/products.ts' } },
      addOwnResources: await example(),
    });
    expect(ofType(resources, 'AWS::DynamoDB::GlobalTable').get('Notes')).toMatchObject({ DeletionPolicy: 'Retain' });

    const knowing = [...ofType(resources, 'AWS::Lambda::Function')].filter(([, { Properties }]) =>
      JSON.stringify(Properties.Environment ?? {}).includes('NOTES_TABLE'),
    );
    expect(knowing.map(([id]) => id)).toEqual(['ProductsFunction']);

    const grants = [...ofType(resources, 'AWS::IAM::Policy')].flatMap(([id, { Properties }]) =>
      (Properties.PolicyDocument as { Statement: { Action: unknown; Resource: unknown }[] }).Statement.filter(
        ({ Resource }) => [Resource].flat().map(target).includes('Notes'),
      ).map(({ Action }) => [id, Action]),
    );
    expect(grants).toEqual([['ProductsRoleDefaultPolicy', ['dynamodb:GetItem', 'dynamodb:PutItem']]]);
  });

  test('may be granted to the worker, in which the handlers of events, schedules and hooks run', () => {
    const { resources } = synthesizedStack({
      addOwnResources: ({ worker }) => void worker.addEnvironment('NOTES_TABLE', 'notes'),
    });
    expect(ofType(resources, 'AWS::Lambda::Function').get('WorkerFunction')?.Properties).toMatchObject({
      Environment: { Variables: { NOTES_TABLE: 'notes' } },
    });
  });

  test('a function that no route names is a sentence that says where to name it', () => {
    const { stack } = synthesizedStack();
    expect(() => stack.functions.get('./functions/nowhere.ts')).toThrow(
      new ConfigurationError(
        'infra/own-resources.ts: no route in extension.config.ts names ./functions/nowhere.ts. Handlers of events, schedules and hooks run in the worker.',
      ),
    );
  });
});
