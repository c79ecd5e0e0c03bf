import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bundle, type Bundles, bundle } from '../../../infra/bundle/bundle.ts';
import { entriesOf } from '../../../infra/functions.ts';
import { loadExtension } from '../../../infra/load-extension.ts';
import { ConfigurationError, type Extension, type ExtensionInput } from '../../../shared/config.ts';
import { parseExtension } from '../../../shared/parse-extension.ts';
import { sample } from '../synthesized-stack.ts';

const extension = parseExtension(sample);
// Inside the project, so that its packages are found; the folder is ignored by git.
let directory: string;
beforeAll(() => {
  mkdirSync('cdk.out', { recursive: true });
  directory = mkdtempSync(join('cdk.out', 'bundle-test-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function write(name: string, source: string): string {
  const file = join(directory, name);
  writeFileSync(file, source);
  return `./${file}`;
}

async function bundled(name: string, source: string, configured: Extension = extension): Promise<Bundle> {
  const entry = write(name, source);
  const output = mkdtempSync(join(directory, 'output-'));
  const made = (await bundle({ extension: configured, entries: [entry], directory: output })).get(entry);
  if (made === undefined) throw new Error('Nothing was bundled.');
  return made;
}

const load = (made: Bundle) => import(/* @vite-ignore */ pathToFileURL(join(made.directory, 'index.js')).href);

/** What a bundle is to Node itself, without any variable: the test runner lends every module a `require`. */
function inNode(made: Bundle, expression: string): string {
  const url = pathToFileURL(join(made.directory, 'index.js')).href;
  const script = `import * as module from '${url}'; console.log(${expression});`;
  return execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', env: {} });
}

describe('the functions of the sample', () => {
  let bundles: Bundles;
  beforeAll(async () => {
    const real = await loadExtension({ EXTENSION_CONFIG: 'test/extension/extension.config.ts' });
    bundles = await bundle({ extension: real, entries: entriesOf(real), directory: join(directory, 'functions') });
  });

  test('are made of packages that npm sbom lists', () => {
    const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
      packages: Record<string, { dev?: boolean }>;
    };
    const inputs = [...bundles.values()].flatMap((each) => each.inputs);
    const used = new Set(
      inputs.flatMap((input) => /^(?:.*node_modules\/(?:@[^/]+\/)?[^/]+)(?=\/)/.exec(input)?.[0] ?? []),
    );
    expect(used.size).toBeGreaterThan(10);
    expect([...used].filter((path) => packages[path] === undefined || packages[path].dev === true)).toEqual([]);
  });
  const packagesIn = (entry: string) =>
    new Set(
      (bundles.get(entry)?.inputs ?? []).map((input) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? ''),
    );

  test('are at most 320 KiB each, so that they start quickly', () => {
    expect(bundles.size).toBeGreaterThan(6);
    const large = [...bundles]
      .filter(([, { bytes }]) => bytes > 320 * 1024)
      .map(([entry, { bytes }]) => [entry, bytes]);
    expect(large).toEqual([]);
  });

  test('arrive at Lambda as one file, and what kind of module it is; beside the page’s lies the front end', () => {
    for (const [entry, made] of bundles) {
      const beside = entry === './functions/page.ts' ? ['files'] : [];
      expect(readdirSync(made.directory)).toEqual([...beside, 'index.js', 'package.json']);
    }
  });

  test('carry of the SDK’s package descriptions nothing but versions', () => {
    const describing = [...bundles].filter(([, { directory: folder }]) =>
      readFileSync(join(folder, 'index.js'), 'utf8').includes('devDependencies'),
    );
    expect(describing.map(([entry]) => entry)).toEqual([]);
  });

  test('carry no credential provider beside the environment', () => {
    for (const entry of bundles.keys()) {
      const providers = [...packagesIn(entry)].filter((name) =>
        /credential-provider|nested-clients|token-providers/.test(name),
      );
      expect(providers).toEqual([]);
    }
  });

  test('installing needs no table, so that its bundle has no DynamoDB client; the callback has one', () => {
    expect(packagesIn('./functions/install.ts')).not.toContain('@aws-sdk/client-dynamodb');
    expect(packagesIn('./functions/callback.ts')).toContain('@aws-sdk/client-dynamodb');
  });

  test('accepting a webhook or an uninstall needs no table: the queue has their clients, and others have none', () => {
    for (const entry of ['./functions/webhook.ts', './functions/uninstall.ts']) {
      expect(packagesIn(entry)).not.toContain('@aws-sdk/client-dynamodb');
      expect(packagesIn(entry)).toContain('@aws-sdk/client-sqs');
    }
    const queueing = [...bundles.keys()].filter((entry) => packagesIn(entry).has('@aws-sdk/client-sqs'));
    expect(queueing.sort()).toEqual(
      ['auto-install', 'callback', 'uninstall', 'webhook', 'worker'].map((name) => `./functions/${name}.ts`),
    );
  });

  test('load in Node without any variable, and hand Lambda a handler', () => {
    for (const made of bundles.values()) {
      expect(inNode(made, 'typeof module.handler')).toBe('function\n');
    }
  });

  test('the health check carries no package at all', () => {
    expect(packagesIn('./functions/healthz.ts')).toEqual(new Set(['']));
  });
});

describe('a bundle', () => {
  test('knows the configuration as the constant EXTENSION', async () => {
    const made = await bundled('reads-extension.ts', 'declare const EXTENSION: object; export const is = EXTENSION;');
    const { stageNames: _, ...known } = extension;
    expect((await load(made)).is).toEqual(JSON.parse(JSON.stringify(known)));
  });

  test('is told what its stage decides, and neither which one it is nor which others there are', async () => {
    const staged = parseExtension(
      {
        name: 'Test Lens',
        scopes: ['company/products'],
        stages: { uat: { account: '111111111111', cluster: 'api.uat.fyndx1.de' }, prod: {} },
      },
      undefined,
      'uat',
    );
    const source = 'declare const EXTENSION: object; export const is = EXTENSION;';
    const { is } = await load(await bundled('reads-stage.ts', source, staged));
    expect(is.cluster).toBe('https://api.uat.fyndx1.de');
    expect(JSON.stringify(is)).not.toMatch(/111111111111|"uat"|prod"|stage/);
  });

  test('takes the credentials that Lambda puts into the environment, and says so where there are none', async () => {
    const made = await bundled(
      'uses-credentials.ts',
      `import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
      export const credentials = () => new SecretsManagerClient({ region: 'ap-south-1' }).config.credentials();`,
    );
    const { credentials } = await load(made);
    const before = { ...process.env };
    try {
      Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_SESSION_TOKEN: 'c' });
      expect(await credentials()).toMatchObject({ accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c' });
      delete process.env.AWS_ACCESS_KEY_ID;
      await expect(credentials()).rejects.toThrow(/^AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set/);
    } finally {
      process.env = before;
    }
  });

  test('knows the SDK’s errors by their classes, names and faults, though their classes are shortened', async () => {
    const made = await bundled(
      'throws-errors.ts',
      `import { ConditionalCheckFailedException as Failed, DynamoDBServiceException as OfTables, InternalServerError } from '@aws-sdk/client-dynamodb';
      import { ResourceNotFoundException as Missing } from '@aws-sdk/client-secrets-manager';
      const told = { message: 'Told', $metadata: { httpStatusCode: 400 } };
      const failed = new Failed({ ...told, Item: { pk: { S: '1' } } });
      const missing = new Missing({ ...told, Message: 'More' });
      export const is = [failed instanceof Failed, failed instanceof OfTables, failed instanceof InternalServerError, failed instanceof Missing];
      export const says = [String(failed), failed.$fault, failed.Item?.pk?.S, missing.name, missing.Message, failed.$metadata.httpStatusCode];
      export const faults = new InternalServerError(told).$fault;`,
    );
    const { is, says, faults } = await load(made);
    expect(is).toEqual([true, true, false, false]);
    expect(says).toEqual([
      'ConditionalCheckFailedException: Told',
      'client',
      '1',
      'ResourceNotFoundException',
      'More',
      400,
    ]);
    expect(faults).toBe('server');
    expect(readFileSync(join(made.directory, 'index.js'), 'utf8')).not.toMatch(/setPrototypeOf\(this,\w+\.prototype\)/);
  });

  test("may use packages of either kind: those that require Node's own modules, and those that ask where they are", async () => {
    write('old-package.cjs', `module.exports = require('node:path').sep;`);
    const commonJs = await bundled('uses-commonjs.ts', `import sep from './old-package.cjs'; export { sep };`);
    expect(inNode(commonJs, 'module.sep')).toMatch(/^[/\\]\n$/);
    write(
      'new-package.mjs',
      `export const place = import.meta.url, folder = import.meta.dirname, file = import.meta.filename;`,
    );
    const esModule = await bundled('uses-place.ts', `export * from './new-package.mjs';`);
    const file = resolve(esModule.directory, 'index.js');
    expect(inNode(esModule, 'module.place')).toBe(`${pathToFileURL(file).href}\n`);
    expect(inNode(esModule, 'module.folder')).toBe(`${dirname(file)}\n`);
    expect(inNode(esModule, 'module.file')).toBe(`${file}\n`);
    expect(readFileSync(join(commonJs.directory, 'index.js'), 'utf8')).not.toContain('pathToFileURL');
  });

  test('cannot wait while it loads, and says where the code is that wants to', async () => {
    const failure: unknown = await bundled('awaits.ts', `export const x = await Promise.resolve(1);`).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(ConfigurationError);
    expect((failure as ConfigurationError).message).toMatch(/Top-level await .*\n[^]*awaits\.ts:1:\d+/);
  });

  test('that cannot be made is a sentence, with what esbuild says about the place', async () => {
    const failure: unknown = await bundled('broken.ts', `import 'no-such-package';`).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConfigurationError);
    const { message } = failure as ConfigurationError;
    expect(message).toMatch(/^The functions cannot be bundled:\n/);
    expect(message).toContain('Could not resolve "no-such-package"');
    expect(message).toMatch(/broken\.ts:1:\d+/);
  });
});

describe('the handlers that the configuration names', () => {
  const runtime = '../../functions/runtime';
  const handler = (name: string, maker = 'hook') =>
    write(
      `${name}.ts`,
      `import { ${maker} } from '${runtime}/background.ts'; export const handler = ${maker}(() => '${name}');`,
    );
  const withEvent = (more: Partial<ExtensionInput>) =>
    parseExtension({ ...sample, webhooks: { notificationEmail: 'owner@example.com' }, ...more });
  const everything = () =>
    withEvent({
      events: {
        'company/product/update/v1': handler('on-product-update', 'event'),
        'company/order/update/v2': { handler: handler('on-order', 'event') },
        'company/location/create/v1': { provider: 'kafka', destination: 'locations' },
      },
      schedules: { nightly: { every: '1 day', handler: handler('nightly', 'schedule') } },
      hooks: {
        installed: handler('on-installed'),
        scopesChanged: handler('on-scopes-changed'),
        uninstalled: handler('on-uninstalled'),
        launched: handler('on-launched', 'launch'),
      },
    });
  const exportHandlers = `export * from '#handlers';`;
  const exportLaunched = `export { launched } from '#launched';`;
  const namesOf = (handlers: Record<string, () => string>) =>
    Object.fromEntries(Object.entries(handlers).map(([key, handle]) => [key, handle()]));

  test('are in #handlers by the key under which they are configured, but for what goes past the extension', async () => {
    const { events, schedules, hooks } = await load(await bundled('worker.ts', exportHandlers, everything()));
    expect(namesOf(events)).toEqual({
      'company/product/update/v1': 'on-product-update',
      'company/order/update/v2': 'on-order',
    });
    expect(namesOf(schedules)).toEqual({ nightly: 'nightly' });
    expect(namesOf(hooks)).toEqual({
      installed: 'on-installed',
      scopesChanged: 'on-scopes-changed',
      uninstalled: 'on-uninstalled',
    });
  });

  test('the one for launches is in #launched, alone', async () => {
    const made = await bundled('launching.ts', exportLaunched, everything());
    expect((await load(made)).launched()).toBe('on-launched');
    const files = new Set(made.inputs.map((input) => input.split('/').at(-1)));
    expect(files).toEqual(
      new Set([
        'launching.ts',
        'configured-handlers:#launched',
        'on-launched.ts',
        'background.ts',
        'made-handlers.ts',
        'config.ts',
      ]),
    );
  });

  test("are in the worker's bundle and the callback's, and in no other", async () => {
    const configured = everything();
    const entries = entriesOf(configured);
    const output = mkdtempSync(join(directory, 'functions-'));
    const bundles = await bundle({ extension: configured, entries, directory: output });
    const handlersIn = Object.fromEntries(
      [...bundles].map(([entry, { inputs }]) => [
        entry,
        inputs.filter((input) => input.startsWith(directory)).map((input) => basename(input, '.ts')),
      ]),
    );
    expect(Object.entries(handlersIn).filter(([, handlers]) => handlers.length > 0)).toEqual([
      ['./functions/callback.ts', ['on-launched']],
      [
        './functions/worker.ts',
        ['on-product-update', 'on-order', 'nightly', 'on-installed', 'on-scopes-changed', 'on-uninstalled'],
      ],
    ]);
  });

  test('are none where none is configured', async () => {
    const { events, schedules, hooks } = await load(await bundled('idle-worker.ts', exportHandlers));
    expect([events, schedules, hooks]).toEqual([{}, {}, {}]);
    expect((await load(await bundled('not-launching.ts', exportLaunched))).launched).toBeUndefined();
  });

  test('may be one file for several of them', async () => {
    const both = handler('both', 'event');
    const configured = withEvent({
      events: { 'company/product/update/v1': both, 'company/product/create/v1': both },
    });
    const { events } = await load(await bundled('sharing-worker.ts', exportHandlers, configured));
    expect(new Set(Object.values(events)).size).toBe(1);
    expect(Object.keys(events)).toHaveLength(2);
  });
});
