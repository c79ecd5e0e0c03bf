import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bundle, type Bundles, bundle } from '../../infra/bundle.ts';
import { entriesOf } from '../../infra/extension-stack.ts';
import { loadExtension } from '../../infra/load-extension.ts';
import { ConfigurationError, parseExtension } from '../../shared/config.ts';
import { sample } from './synthesized-stack.ts';

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

async function bundled(name: string, source: string): Promise<Bundle> {
  const entry = write(name, source);
  const output = mkdtempSync(join(directory, 'output-'));
  const made = (await bundle({ extension, entries: [entry], directory: output })).get(entry);
  if (made === undefined) throw new Error('Nothing was bundled.');
  return made;
}

const load = (made: Bundle) => import(/* @vite-ignore */ pathToFileURL(join(made.directory, 'index.mjs')).href);

/** What a bundle is to Node itself, without any variable: the test runner lends every module a `require`. */
function inNode(made: Bundle, expression: string): string {
  const url = pathToFileURL(join(made.directory, 'index.mjs')).href;
  const script = `import * as module from '${url}'; console.log(${expression});`;
  return execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', env: {} });
}

describe('the functions of the sample', () => {
  let bundles: Bundles;
  beforeAll(async () => {
    const real = await loadExtension({});
    bundles = await bundle({ extension: real, entries: entriesOf(real), directory: join(directory, 'functions') });
  });
  const packagesIn = (entry: string) =>
    new Set(
      (bundles.get(entry)?.inputs ?? []).map((input) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? ''),
    );

  test('are at most 300 KB each, so that they start quickly', () => {
    expect(bundles.size).toBeGreaterThan(6);
    const large = [...bundles]
      .filter(([, { bytes }]) => bytes > 300 * 1024)
      .map(([entry, { bytes }]) => [entry, bytes]);
    expect(large).toEqual([]);
  });

  test('arrive at Lambda as one file: no source map, no metafile', () => {
    for (const made of bundles.values()) expect(readdirSync(made.directory)).toEqual(['index.mjs']);
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
    expect((await load(made)).is).toEqual(JSON.parse(JSON.stringify(extension)));
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

  test("may use CommonJS packages that require Node's own modules", async () => {
    write('old-package.cjs', `module.exports = require('node:path').sep;`);
    const made = await bundled('uses-commonjs.ts', `import sep from './old-package.cjs'; export { sep };`);
    expect(inNode(made, 'module.sep')).toMatch(/^[/\\]\n$/);
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
