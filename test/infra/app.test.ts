import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const seconds = 60_000;
const testConfig = 'test/extension/extension.config.ts';
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'app-test-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** `node infra/app.ts` as the local runtime runs it: without the CDK CLI. */
function run(environment: NodeJS.ProcessEnv): Promise<{ status: number; said: string; outdir: string }> {
  const outdir = mkdtempSync(join(directory, 'cdk.out-'));
  const { FP_API_DOMAIN: _domain, EXTENSION_BASE_URL: _url, ...inherited } = process.env;
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['infra/app.ts'],
      { env: { ...inherited, EXTENSION_CONFIG: testConfig, CDK_OUTDIR: outdir, ...environment } },
      (error, _stdout, said) => resolve({ status: error === null ? 0 : Number(error.code), said, outdir }),
    );
  });
}

function configuration(name: string, source: string): string {
  const file = join(directory, name);
  writeFileSync(file, source);
  return file;
}

describe('a configuration that cannot work ends synthesis with status 1 and one sentence, and a line of code where that helps', () => {
  test.for<[string, NodeJS.ProcessEnv | string, RegExp]>([
    [
      'a wrong field',
      `export default { name: 'X', scopes: ['no scope'] };`,
      /^\S+\/a-wrong-field\.ts: scopes\.0 must look like .*\n$/,
    ],
    [
      'a file that does not parse',
      'export default {{;',
      /^\S+ cannot be loaded \(SyntaxError: .*\)\.\n\n\S+parse\.ts:1\nexport default \{\{;\n +\^\n\n$/,
    ],
    ['a file that is not there', { EXTENSION_CONFIG: 'nowhere.ts' }, /^nowhere\.ts does not exist\..*\n$/],
    [
      'a handler that nobody made',
      `export default { name: 'X', scopes: ['company/x'], api: { 'GET /api/x': './functions/healthz.ts' } };`,
      /^extension\.config\.ts: api\."GET \/api\/x" names \.\/functions\/healthz\.ts, whose "handler" is not made by api\(…\)\.\n$/,
    ],
    ['a wrong platform', { FP_API_DOMAIN: 'ftp://api.fynd.com' }, /^FP_API_DOMAIN must be .*\n$/],
    ['a wrong base URL', { EXTENSION_BASE_URL: 'http://lens.example.com' }, /^EXTENSION_BASE_URL must be .*\n$/],
    ['a wrong stack name', { CDK_CONTEXT_JSON: '{"stackName":"my stack"}' }, /^stackName must begin .*\n$/],
  ])('%s', { timeout: seconds }, async ([title, given, sentence]) => {
    const environment =
      typeof given === 'string'
        ? { EXTENSION_CONFIG: configuration(`${title.replaceAll(' ', '-')}.ts`, given) }
        : given;
    const { status, said, outdir } = await run(environment);
    expect(said).toMatch(sentence);
    expect(status).toBe(1);
    expect(readdirSync(outdir)).not.toContain('manifest.json');
  });
});

describe('a configuration that works', () => {
  const read = (outdir: string, file: string) => JSON.parse(readFileSync(join(outdir, file), 'utf8'));

  test('becomes a cloud assembly, whose assets all lie inside it', { timeout: seconds }, async () => {
    const { status, said, outdir } = await run({});
    expect(said).toBe('');
    expect(status).toBe(0);
    const { artifacts } = read(outdir, 'manifest.json');
    expect(artifacts.Extension.properties).toMatchObject({
      templateFile: 'Extension.template.json',
      stackName: 'test-lens',
    });
    const assets: { source: { path: string; packaging: string } }[] = Object.values(
      read(outdir, 'Extension.assets.json').files,
    );
    const folders = assets.filter(({ source }) => source.packaging === 'zip').map(({ source }) => source.path);
    expect(folders.length).toBeGreaterThan(0);
    for (const folder of folders) {
      expect(folder).not.toMatch(/[/\\]/);
      // One of them serves the front end.
      const beside = readdirSync(join(outdir, folder)).filter((name) => name !== 'files');
      expect(beside).toEqual(['index.js', 'package.json']);
    }
  });

  test('may be another file, for another platform, at another address', { timeout: seconds }, async () => {
    const { status, outdir } = await run({
      EXTENSION_CONFIG: configuration('other.ts', `export default { name: 'Other', scopes: ['company/orders'] };`),
      EXTENSION_BASE_URL: 'http://localhost:3001/',
      FP_API_DOMAIN: 'http://127.0.0.1:3000',
    });
    expect(status).toBe(0);
    expect(read(outdir, 'manifest.json').artifacts.Extension.properties.stackName).toBe('other');
    const { Outputs } = read(outdir, 'Extension.template.json');
    expect(Outputs.ExtensionUrl.Value).toBe('http://localhost:3001');
    const bundles = readdirSync(outdir)
      .filter((name) => name.startsWith('asset.'))
      .map((name) => readFileSync(join(outdir, name, 'index.js'), 'utf8'));
    expect(bundles.some((code) => code.includes('"http://127.0.0.1:3000"'))).toBe(true);
  });

  test('is synthesized with a question about each name that nothing public knows', { timeout: seconds }, async () => {
    const file = configuration('typo.ts', `export default { name: 'Other', scopes: ['company/prodcuts'] };`);
    const { status, said } = await run({ EXTENSION_CONFIG: file });
    expect(status).toBe(0);
    expect(said).toMatch(/^\S+typo\.ts: scopes names "company\/prodcuts".* Did you mean "company\/products"\? .*\n$/);
  });

  test('is synthesized with a sentence about each route that anybody reaches', { timeout: seconds }, async () => {
    const resources = configuration(
      'resources.ts',
      `import { HttpUrlIntegration } from '${resolve('node_modules/aws-cdk-lib/aws-apigatewayv2-integrations/index.js')}';
      export const addOwnResources = ({ api }) =>
        api.addPublicRoute('GET /status', new HttpUrlIntegration('Away', 'https://elsewhere.example.com/'));`,
    );
    const file = configuration(
      'public.ts',
      `export default { name: 'Other', scopes: ['company/orders'], resources: '${resources}' };`,
    );
    const { status, said } = await run({ EXTENSION_CONFIG: file });
    expect(said).toMatch(/^\S+resources\.ts: GET \/status is public: anybody reaches it, and .*\n$/);
    expect(status).toBe(0);
  });

  test('has CloudFront in front, and a stack for its firewall, where it is deployed; not on this machine', {
    timeout: seconds,
  }, async () => {
    const file = configuration('edge.ts', `export default { name: 'Other', scopes: ['company/orders'], edge: true };`);
    const [deployed, here] = await Promise.all([
      run({ EXTENSION_CONFIG: file, CDK_CLI_VERSION: '2.1148.1' }),
      run({ EXTENSION_CONFIG: file }),
    ]);
    expect(here).toMatchObject({ status: 0, said: '' });
    expect(readdirSync(here.outdir)).not.toContain('Firewall.template.json');
    expect(JSON.stringify(read(here.outdir, 'Extension.template.json'))).not.toContain('CloudFront');
    expect(deployed.status).toBe(0);
    const { Firewall, Extension } = read(deployed.outdir, 'manifest.json').artifacts;
    expect(Firewall.properties.stackName).toBe('other-firewall');
    expect(Firewall.environment).toMatch(/us-east-1$/);
    expect(Extension.dependencies).toContain('Firewall');
  });

  test('makes the same template with the feature flags from the CDK CLI and without', {
    timeout: seconds,
  }, async () => {
    const { context } = JSON.parse(readFileSync('cdk.json', 'utf8'));
    const [alone, withCli] = await Promise.all([run({}), run({ CDK_CONTEXT_JSON: JSON.stringify(context) })]);
    expect(read(alone.outdir, 'Extension.template.json')).toEqual(read(withCli.outdir, 'Extension.template.json'));
  });
});
