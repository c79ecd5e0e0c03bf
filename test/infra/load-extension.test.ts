import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadExtension } from '../../infra/load-extension.ts';
import { ConfigurationError } from '../../shared/config.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'extension-config-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

let files = 0;
function configuration(source: string): string {
  const file = join(directory, `extension-${++files}.config.ts`);
  writeFileSync(file, source);
  return file;
}

const valid = (more = '') => `export default { name: 'Another Lens', scopes: ['company/orders'], ${more} };`;

async function refusal(environment: NodeJS.ProcessEnv): Promise<string> {
  const error: unknown = await loadExtension(environment).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(ConfigurationError);
  return (error as ConfigurationError).message;
}

describe('the configuration', () => {
  test('is the file that EXTENSION_CONFIG names, with its defaults filled in', async () => {
    expect(await loadExtension({ EXTENSION_CONFIG: configuration(valid()) })).toMatchObject({
      name: 'Another Lens',
      cluster: 'https://api.fynd.com',
      accessMode: 'offline',
      api: {},
    });
  });

  test('may be named relative to the directory in which the command runs', async () => {
    const file = relative(process.cwd(), configuration(valid()));
    expect(await loadExtension({ EXTENSION_CONFIG: file })).toMatchObject({ name: 'Another Lens' });
  });

  test('one handler file has one name, however it is spelled', async () => {
    const api = `api: { 'GET /api/a': 'functions/healthz.ts', 'GET /api/b': './functions/../functions/healthz.ts' }`;
    const { api: routes } = await loadExtension({ EXTENSION_CONFIG: configuration(valid(api)) });
    expect(routes).toEqual({ 'GET /api/a': './functions/healthz.ts', 'GET /api/b': './functions/healthz.ts' });
  });

  test('has the settings that the environment names, in the type that they are configured in', async () => {
    const file = configuration(valid(`settings: { lowStock: 5, isDry: true, greeting: 'hello', other: 1 }`));
    const load = (environment: NodeJS.ProcessEnv) => loadExtension({ EXTENSION_CONFIG: file, ...environment });
    const { settings } = await load({ LOW_STOCK: ' 7 ', IS_DRY: 'false', GREETING: 'namaste', OTHER: '' });
    expect(settings).toEqual({ lowStock: 7, isDry: false, greeting: 'namaste', other: 1 });
    expect(await refusal({ EXTENSION_CONFIG: file, LOW_STOCK: 'few' })).toBe(
      'LOW_STOCK must be a number, as settings.lowStock in the configuration is.',
    );
    expect(await refusal({ EXTENSION_CONFIG: file, IS_DRY: 'no' })).toMatch(/^IS_DRY must be true or false/);
  });

  test('that does not exist is a sentence that names the file', async () => {
    expect(await refusal({ EXTENSION_CONFIG: 'nowhere.config.ts' })).toBe(
      'nowhere.config.ts does not exist. EXTENSION_CONFIG names the configuration file.',
    );
  });

  test('without a default export is a sentence that says what is missing', async () => {
    const file = configuration('export const extension = {};');
    expect(await refusal({ EXTENSION_CONFIG: file })).toBe(
      `${file} has no default export: it must say "export default defineExtension({ … })".`,
    );
  });

  test('that does not parse, or throws, is a sentence that names the file', async () => {
    const broken = configuration('export default { name: ;');
    expect(await refusal({ EXTENSION_CONFIG: broken })).toMatch(`${broken} cannot be loaded (`);
    const thrown = configuration(`throw 'a text';`);
    expect(await refusal({ EXTENSION_CONFIG: thrown })).toBe(`${thrown} cannot be loaded (it threw no error).`);
  });

  test('with a wrong field is a sentence that names the field', async () => {
    const file = configuration(`export default { name: 'Another Lens', scopes: [] };`);
    expect(await refusal({ EXTENSION_CONFIG: file })).toBe(`${file}: scopes must name at least one scope.`);
  });

  test('one spelling of handlers holds for events, schedules and hooks too', async () => {
    const file = configuration(
      valid(`
        webhooks: { notificationEmail: 'owner@example.com' },
        events: {
          'company/product/update/v1': 'functions/healthz.ts',
          'company/product/create/v1': { handler: './functions/../functions/healthz.ts' },
          'company/order/update/v2': { provider: 'kafka', destination: 'orders' },
        },
        schedules: { nightly: { every: '2 hours', handler: 'functions/healthz.ts' } },
        hooks: { installed: 'functions/healthz.ts' },
      `),
    );
    const { events, schedules, hooks } = await loadExtension({ EXTENSION_CONFIG: file });
    expect(events.map(({ handler }) => handler)).toEqual([
      './functions/healthz.ts',
      './functions/healthz.ts',
      undefined,
    ]);
    expect(schedules).toEqual({
      nightly: { expression: 'cron(0 0/2 * * ? *)', timeZone: 'UTC', handler: './functions/healthz.ts' },
    });
    expect(hooks).toEqual({ installed: './functions/healthz.ts' });
  });

  test.for([
    [
      'events.company/product/update/v1',
      `events: { 'company/product/update/v1': './functions/nowhere.ts' }, webhooks: { notificationEmail: 'a@b.co' }`,
    ],
    [
      'events.company/product/update/v1',
      `events: { 'company/product/update/v1': { handler: './functions/nowhere.ts' } }, webhooks: { notificationEmail: 'a@b.co' }`,
    ],
    ['schedules.nightly.handler', `schedules: { nightly: { every: '1 day', handler: './functions/nowhere.ts' } }`],
    ['hooks.installed', `hooks: { installed: './functions/nowhere.ts' }`],
    ['hooks.launched', `hooks: { launched: './functions/nowhere.ts' }`],
  ] as const)('whose %s is a file that does not exist is a sentence that names the field', async ([field, more]) => {
    const file = configuration(valid(more));
    expect(await refusal({ EXTENSION_CONFIG: file })).toBe(
      `${file}: ${field} names ./functions/nowhere.ts, a file that does not exist.`,
    );
  });

  test('that names a handler which does not exist is a sentence that names the route', async () => {
    const file = configuration(valid(`api: { 'GET /api/products': './functions/nowhere.ts' }`));
    expect(await refusal({ EXTENSION_CONFIG: file })).toBe(
      `${file}: api.GET /api/products names ./functions/nowhere.ts, a file that does not exist.`,
    );
  });
});

describe('EXTENSION_STAGE', () => {
  const stages = `stages: {
    prod: { region: 'ap-south-1', concurrency: { reserved: { 'functions/page.ts': 5 } } },
    uat: { cluster: 'api.uat.fyndx1.de' },
    wrong: { concurrency: { reserved: { './functions/nowhere.ts': 5 } } },
  }`;

  test('chooses a stage of the configuration; without it there is none', async () => {
    const file = configuration(valid(stages));
    const { stage } = await loadExtension({ EXTENSION_CONFIG: file, EXTENSION_STAGE: 'prod' });
    expect(stage).toMatchObject({
      name: 'prod',
      region: 'ap-south-1',
      concurrency: { reserved: { './functions/page.ts': 5 } },
    });
    const none = await loadExtension({ EXTENSION_CONFIG: file, EXTENSION_STAGE: '' });
    expect(none).toMatchObject({ cluster: 'https://api.fynd.com', stageNames: ['prod', 'uat', 'wrong'] });
    expect(none.stage).toBeUndefined();
  });

  test('of a stage that there is not, or whose functions are no files, is a sentence', async () => {
    const file = configuration(valid(stages));
    expect(await refusal({ EXTENSION_CONFIG: file, EXTENSION_STAGE: 'live' })).toBe(
      `${file}: stages has no live. There are: prod, uat, wrong.`,
    );
    expect(await refusal({ EXTENSION_CONFIG: file, EXTENSION_STAGE: 'wrong' })).toMatch(
      /stages\.wrong\.concurrency\.reserved names \.\/functions\/nowhere\.ts, a file that does not exist\.$/,
    );
  });

  test('is never for another platform than the stage says: a variable that is left over is a sentence', async () => {
    const environment = { EXTENSION_CONFIG: configuration(valid(stages)), EXTENSION_STAGE: 'uat' };
    expect(await refusal({ ...environment, FP_API_DOMAIN: 'api.fynd.com' })).toBe(
      'The stage uat is for https://api.uat.fyndx1.de, FP_API_DOMAIN names https://api.fynd.com: unset it, or change the cluster of the stage.',
    );
    const { cluster } = await loadExtension({ ...environment, FP_API_DOMAIN: 'https://api.uat.fyndx1.de' });
    expect(cluster).toBe('https://api.uat.fyndx1.de');
  });
});

describe('FP_API_DOMAIN', () => {
  test.for([
    ['api.uat.example.com', 'https://api.uat.example.com'],
    ['https://api.uat.example.com', 'https://api.uat.example.com'],
    ['http://127.0.0.1:3000', 'http://127.0.0.1:3000'],
    ['', 'https://api.fynd.com'],
  ] as const)('"%s" makes %s the platform', async ([domain, cluster]) => {
    const environment = { EXTENSION_CONFIG: configuration(valid()), FP_API_DOMAIN: domain };
    expect(await loadExtension(environment)).toMatchObject({ cluster });
  });

  test('takes the panels along: those of the cluster, and a simulated platform is its own', async () => {
    const panels = async (FP_API_DOMAIN: string, more?: string) =>
      (await loadExtension({ EXTENSION_CONFIG: configuration(valid(more)), FP_API_DOMAIN })).adminOrigins;
    const own = `adminOrigins: ['https://panel.example.com']`;
    expect(await panels('api.uat.example.com')).toContain('https://platform.uat.example.com');
    expect(await panels('api.uat.example.com', own)).toEqual(['https://panel.example.com']);
    expect(await panels('http://127.0.0.1:3000')).toEqual(['http://127.0.0.1:3000']);
    expect(await panels('http://127.0.0.1:3000', own)).toEqual(['http://127.0.0.1:3000', 'https://panel.example.com']);
    const both = `adminOrigins: ['http://127.0.0.1:3000', 'https://panel.example.com']`;
    expect(await panels('http://127.0.0.1:3000', both)).toEqual(['http://127.0.0.1:3000', 'https://panel.example.com']);
  });

  test.for(['http://api.fynd.com', 'https://api.fynd.com/service', 'api fynd', '/api.fynd.com', '//api.fynd.com'])(
    '"%s" is a sentence',
    async (domain) => {
      expect(await refusal({ EXTENSION_CONFIG: configuration(valid()), FP_API_DOMAIN: domain })).toMatch(
        /^FP_API_DOMAIN must be the host or https origin of the platform/,
      );
    },
  );
});
