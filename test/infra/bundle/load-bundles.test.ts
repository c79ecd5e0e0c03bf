import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Aws, Stack } from 'aws-cdk-lib';
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundle } from '../../../infra/bundle/bundle.ts';
import { handlersIn } from '../../../infra/bundle/configured-handlers.ts';
import { environmentOf, loadBundles } from '../../../infra/bundle/load-bundles.ts';
import { entriesOf } from '../../../infra/functions.ts';
import { ConfigurationError, type ExtensionInput } from '../../../shared/config.ts';
import { parseExtension } from '../../../shared/parse-extension.ts';

// Inside the project, so that its packages are found; the folder is ignored by git.
let directory: string;
beforeAll(() => {
  mkdirSync('cdk.out', { recursive: true });
  directory = mkdtempSync(join('cdk.out', 'load-bundles-test-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function write(name: string, source: string): string {
  const file = join(directory, `${name}.ts`);
  writeFileSync(file, source);
  return `./${file}`;
}

/** A file whose handler is made by the maker; the code runs first. */
function madeBy(maker: string, name = `made-by-${maker}`, code = ''): string {
  const module = { api: 'api', storefront: 'storefront', call: 'call', companyCall: 'call' }[maker] ?? 'background';
  return write(
    name,
    `import { ${maker} } from '../../functions/runtime/${module}.ts'; ${code}
    export const handler = ${maker}(async () => undefined);`,
  );
}

/** What is wrong with the author's files; undefined: nothing. */
async function sentenceFor(
  configured: Partial<ExtensionInput>,
  environment: Record<string, string> = {},
): Promise<string | undefined> {
  const extension = parseExtension({
    name: 'Lens',
    scopes: ['company/products'],
    webhooks: { notificationEmail: 'owner@example.com' },
    ...configured,
  });
  const output = mkdtempSync(join(directory, 'output-'));
  const entries = entriesOf(extension).filter((entry) => handlersIn(extension, entry).length > 0);
  const bundles = await bundle({ extension, entries, directory: output });
  try {
    await loadBundles({ extension, bundles, environmentOf: () => environment });
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message;
  }
}

const update = 'company/product/update/v1';
const call = (handler: string) => ({ handler, verify: 'none' }) as const;
const companyCall = (handler: string) => ({ handler, verify: 'checksum', company: 'body.company_id' }) as const;
const places: readonly [place: string, maker: string, (file: string) => Partial<ExtensionInput>][] = [
  ['api."GET /api/x"', 'api', (file) => ({ api: { 'GET /api/x': file } })],
  ['storefront."GET /ext/x"', 'storefront', (file) => ({ storefront: { 'GET /ext/x': file } })],
  ['calls."POST /x"', 'call', (file) => ({ calls: { 'POST /x': call(file) } })],
  ['calls."POST /y"', 'companyCall', (file) => ({ calls: { 'POST /y': companyCall(file) } })],
  [`events.${update}`, 'event', (file) => ({ events: { [update]: file } })],
  ['schedules.nightly.handler', 'schedule', (file) => ({ schedules: { nightly: { every: '1 day', handler: file } } })],
  ['hooks.installed', 'hook', (file) => ({ hooks: { installed: file } })],
  ['hooks.scopesChanged', 'hook', (file) => ({ hooks: { scopesChanged: file } })],
  ['hooks.uninstalled', 'hook', (file) => ({ hooks: { uninstalled: file } })],
  ['hooks.launched', 'launch', (file) => ({ hooks: { launched: file } })],
];

test('handlers that are made where they belong are loaded, each place’s', async () => {
  const all = places.map(([, maker, configured]) => configured(madeBy(maker)));
  const hooks = Object.assign({}, ...all.map(({ hooks }) => hooks)) as ExtensionInput['hooks'];
  const calls = Object.assign({}, ...all.map(({ calls }) => calls)) as ExtensionInput['calls'];
  expect(await sentenceFor(Object.assign({}, ...all, { hooks, calls }) as Partial<ExtensionInput>)).toBeUndefined();
});

const makers = ['api', 'storefront', 'call', 'companyCall', 'event', 'schedule', 'hook', 'launch'];
const unmade = (name: string, value: string) => write(name, `export const handler = ${value};`);

describe.each(places)('under %s', (place, maker, configured) => {
  const notMade = (file: string) =>
    `extension.config.ts: ${place} names ${file}, whose "handler" is not made by ${maker}(…).`;

  test(`only a handler made by ${maker}() counts`, async () => {
    for (const other of makers.filter((name) => name !== maker)) {
      const file = madeBy(other);
      expect(await sentenceFor(configured(file))).toBe(notMade(file));
    }
    const file = unmade('unmade', 'async () => ({ hello: 1 })');
    expect(await sentenceFor(configured(file))).toBe(notMade(file));
  });

  test('a file without that export is refused', async () => {
    const file = write('exportless', 'const handler = 1;');
    expect(await sentenceFor(configured(file))).toBe(
      `extension.config.ts: ${place} names ${file}, which exports no "handler".`,
    );
  });

  test('a file that throws while it loads is named', async () => {
    const file = madeBy(maker, 'throwing', `throw new TypeError('TABLE is missing\\nor so');`);
    expect(await sentenceFor(configured(file))).toBe(
      `extension.config.ts: ${place} names ${file}, which cannot be loaded (TypeError: TABLE is missing).`,
    );
  });
});

/** What is said about each of several routes' files. */
async function saidOf(files: readonly string[]): Promise<(string | undefined)[]> {
  const sentence = await sentenceFor({
    api: Object.fromEntries(files.map((file, index) => [`GET /api/${index}`, file])),
  });
  return (sentence ?? '').split('\n').map((line) => line.split(/, (?:whose|which) /)[1]);
}

test('no value but a made one is a handler', async () => {
  const values = ['{}', 'null', '"text"', '7', `Object.assign(() => 1, { maker: 'api' })`];
  const said = await saidOf(values.map((value, index) => unmade(`value-${index}`, value)));
  expect(said).toEqual(values.map(() => '"handler" is not made by api(…).'));
});

test('nothing but an export named handler is one', async () => {
  const imported = `import { api } from '../../functions/runtime/api.ts'; const handler = api(async () => 1);`;
  const sources = [
    imported,
    `${imported} export default handler;`,
    `${imported} export { handler as handle };`,
    'export type handler = 1;',
    '',
  ];
  const said = await saidOf(sources.map((source, index) => write(`exports-${index}`, source)));
  expect(said).toEqual(sources.map(() => 'exports no "handler".'));
});

test('of several files in one bundle, the one that throws is named', async () => {
  const file = madeBy('schedule', 'throwing-nightly', `throw 'nothing';`);
  const sentence = await sentenceFor({
    events: { [update]: madeBy('event') },
    schedules: { nightly: { every: '1 day', handler: file } },
    hooks: { installed: madeBy('hook') },
  });
  expect(sentence).toBe(
    `extension.config.ts: schedules.nightly.handler names ${file}, which cannot be loaded (nothing).`,
  );
});

test('a file that ends the process while it loads is named', async () => {
  const file = madeBy('api', 'exiting', 'process.exit(0);');
  expect(await sentenceFor({ api: { 'GET /api/x': file } })).toBe(
    `extension.config.ts: api."GET /api/x" names ${file}, which cannot be loaded (it ends the process).`,
  );
});

test('what is wrong in several bundles is a sentence each', async () => {
  const file = write('twice', '');
  const sentence = await sentenceFor({
    api: { 'GET /api/x': file },
    events: { [update]: madeBy('hook') },
    hooks: { launched: file },
  });
  const fields = sentence?.split('\n').map((line) => line.split(' names ')[0]?.slice('extension.config.ts: '.length));
  expect(fields).toEqual(['hooks.launched', `events.${update}`, 'api."GET /api/x"']);
});

test('a file that several fields name must fit each of them', async () => {
  const file = madeBy('storefront');
  const sentence = await sentenceFor({ storefront: { 'GET /ext/x': file }, calls: { 'POST /x': call(file) } });
  expect(sentence).toBe(`extension.config.ts: calls."POST /x" names ${file}, whose "handler" is not made by call(…).`);
});

test('a route cannot be one of the extension’s own functions', async () => {
  expect(await sentenceFor({ api: { 'GET /api/x': './functions/session.ts' } })).toBe(
    'extension.config.ts: api."GET /api/x" names ./functions/session.ts, whose "handler" is not made by api(…).',
  );
});

test('a file finds its function’s environment and nothing of whoever deploys', async () => {
  process.env['AWS_SECRET_ACCESS_KEY'] = 'CANARY-deployer';
  try {
    const file = madeBy('api', 'looking', `throw new Error(JSON.stringify(process.env));`);
    expect(await sentenceFor({ api: { 'GET /api/x': file } }, { NOTES_TABLE: 'notes' })).toMatch(
      /cannot be loaded \(Error: \{"NOTES_TABLE":"notes"\}\)\.$/,
    );
  } finally {
    delete process.env['AWS_SECRET_ACCESS_KEY'];
  }
});

test('a function’s environment holds what the stack gives, with likely values where deploying makes them', () => {
  const stack = new Stack(new App(), 'Test', { env: { region: 'ap-south-1' } });
  const queue = new Queue(stack, 'Notes');
  const fn = new Function(stack, 'Function', {
    code: Code.fromInline('exports.handler = () => {};'),
    handler: 'index.handler',
    runtime: Runtime.NODEJS_24_X,
    environment: { STAGE: 'test', QUEUE_URL: queue.queueUrl, QUEUE_ARN: queue.queueArn, HOST: `x.${Aws.URL_SUFFIX}` },
  });
  const { QUEUE_URL = '', ...environment } = environmentOf(fn);
  expect(new URL(QUEUE_URL).protocol).toBe('https:');
  expect(environment).toMatchObject({
    STAGE: 'test',
    QUEUE_ARN: expect.stringMatching(/^arn:aws:sqs:/),
    HOST: 'x.amazonaws.com',
    AWS_REGION: 'ap-south-1',
  });
  expect(Object.keys(environment).filter((name) => /KEY|TOKEN/.test(name))).toEqual([]);
});
