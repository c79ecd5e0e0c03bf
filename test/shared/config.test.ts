import type * as v from 'valibot';
import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  ConfigurationError,
  defineExtension,
  type ExtensionInput,
  type NameIn,
  parseOrigin,
  type SettingIn,
} from '../../shared/config.ts';
import { type extensionSchema, parseExtension } from '../../shared/parse-extension.ts';

const valid = { name: 'Product Lens', scopes: ['company/products'] };

const unverified = { handler: 'x.ts', verify: 'none' };
const checksum = { handler: 'x.ts', verify: 'checksum' };

function sentenceFor(input: unknown, file?: string): string {
  try {
    parseExtension(input, file);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  return 'accepted';
}

describe('a configuration', () => {
  test('needs a name and scopes; all else has a default', () => {
    expect(parseExtension(valid)).toMatchObject({
      name: 'Product Lens',
      scopes: ['company/products'],
      accessMode: 'offline',
      cluster: 'https://api.fynd.com',
      adminOrigins: ['https://platform.fynd.com', 'https://partners.fynd.com', 'https://administrator.fynd.com'],
      proxy: { also: [] },
      cache: { defaultTtlSeconds: 60, rules: [] },
      session: { maxHours: 24 },
      api: {},
      storefront: {},
      calls: {},
      csp: { img: [], connect: [], font: [] },
    });
  });

  test('has a documented type that knows every setting, and none that is not judged', () => {
    type Complete<Value> = Value extends readonly (infer Item)[]
      ? readonly Complete<Item>[]
      : Value extends object
        ? { readonly [Key in keyof Value]-?: Complete<Exclude<Value[Key], undefined>> }
        : Value;
    // Where known names are completed, any other one is taken: what is judged knows texts alone.
    type Judged = v.InferInput<typeof extensionSchema>;
    type Named = 'scopes' | 'events';
    expectTypeOf<Complete<Omit<ExtensionInput, Named>>>().toEqualTypeOf<Complete<Omit<Judged, Named>>>();
    expectTypeOf<ExtensionInput['scopes'][number]>().toExtend<string>();
    expectTypeOf<string>().toExtend<ExtensionInput['scopes'][number]>();
    type EventOf<Input extends { readonly events?: unknown }> = Complete<
      NonNullable<NonNullable<Input['events']>[keyof NonNullable<Input['events']>]>
    >;
    expectTypeOf<EventOf<ExtensionInput>>().toEqualTypeOf<EventOf<Judged>>();
  });

  test('of a region makes it part of every address of the cluster, and of no panel’s', () => {
    expect(parseExtension({ ...valid, region: 'asia-south1' })).toMatchObject({
      cluster: 'https://api.fynd.com/region/asia-south1',
      adminOrigins: ['https://platform.fynd.com', 'https://partners.fynd.com', 'https://administrator.fynd.com'],
    });
  });

  test('with every setting is taken as it is', () => {
    const input = {
      name: 'Lens',
      scopes: ['company/*', 'company/products/read'],
      accessMode: 'online',
      cluster: 'https://api.uat.fyndx1.de',
      adminOrigins: ['https://panel.example', 'http://localhost:3000'],
      csp: { img: ['https://cdn.example', 'https://*.example.com:8443'], connect: ['https://a.example'], font: [] },
      support: 'help@example.com',
      launchPath: '/company/{company_id}?from=panel',
      proxy: { only: ['GET catalog/**', '* order/v1.0/company/*/orders/'], also: ['* **'] },
      cache: { defaultTtlSeconds: 0, rules: [{ route: 'GET catalog/v2.0/**', ttlSeconds: 86_400 }] },
      limits: { requestsPerSecond: 400, perPerson: 30, perCompany: 150 },
      worker: { maxConcurrency: 2 },
      alarms: {
        email: 'night@example.com',
        topic: 'arn:aws:sns:ap-south-1:123456789012:on-call',
        runbook: 'https://git.example/lens/docs/runbook.md',
        failuresPerMinute: 50,
      },
      api: { 'GET /api/products': './test/extension/products.ts', 'ANY /api/x/{item_id}': 'functions/x.ts' },
      calls: { 'POST /api/y/{item_id}': unverified, 'GET /status/{gid}': checksum },
    };
    expect(parseExtension(input)).toMatchObject(input);
  });

  test('remembers which settings and secrets it names, and of what type a setting is', () => {
    const configured = defineExtension({
      ...valid,
      settings: { lowStock: 5, greeting: 'hello', isDry: false },
      secrets: { slackUrl: { for: ['./a.ts'] } },
    });
    type Configured = typeof configured;
    expectTypeOf<NameIn<Configured, 'settings'>>().toEqualTypeOf<'lowStock' | 'greeting' | 'isDry'>();
    expectTypeOf<NameIn<Configured, 'secrets'>>().toEqualTypeOf<'slackUrl'>();
    expectTypeOf<SettingIn<Configured, 'lowStock'>>().toEqualTypeOf<number>();
    expectTypeOf<SettingIn<Configured, 'greeting'>>().toEqualTypeOf<string>();
    expectTypeOf<SettingIn<Configured, 'isDry'>>().toEqualTypeOf<boolean>();
    const none = defineExtension(valid);
    expectTypeOf<NameIn<typeof none, 'settings'>>().toEqualTypeOf<never>();
    expectTypeOf<NameIn<typeof none, 'secrets'>>().toEqualTypeOf<never>();
  });

  for (const [field, input] of [
    ['settings.low stock', { ...valid, settings: { 'low stock': 5 } }],
    ['settings.path', { ...valid, settings: { path: '/' } }],
    ['settings.awsRegion', { ...valid, settings: { awsRegion: 'x' } }],
    ['settings.list', { ...valid, settings: { list: [] } }],
    ['settings.none', { ...valid, settings: { none: Number.NaN } }],
    ['secrets.extensionApiKey', { ...valid, secrets: { extensionApiKey: { for: ['./a.ts'] } } }],
    ['secrets.key', { ...valid, secrets: { key: './a.ts' } }],
    ['secrets.key.for', { ...valid, secrets: { key: { for: [] } } }],
    ['secrets.key.for.0', { ...valid, secrets: { key: { for: ['./a.js'] } } }],
    ['secrets', { ...valid, settings: { slackURL: 'x' }, secrets: { slackUrl: { for: ['./a.ts'] } } }],
    ['name', { scopes: valid.scopes }],
    ['name', { ...valid, name: '' }],
    ['name', { ...valid, name: '  ' }],
    ['name', { ...valid, name: 7 }],
    ['name', { ...valid, name: 'x'.repeat(101) }],
    ['scopes', { name: 'Lens' }],
    ['scopes', { ...valid, scopes: [] }],
    ['scopes', { ...valid, scopes: 'company/products' }],
    ['scopes', { ...valid, scopes: ['company/products', 'company/products'] }],
    ['scopes', { ...valid, scopes: Array.from({ length: 201 }, (_, index) => `company/s${index}`) }],
    ['scopes.1', { ...valid, scopes: ['company/products', 'company products'] }],
    ['scopes.0', { ...valid, scopes: [7] }],
    ['scopes.0', { ...valid, scopes: ['company/a,company/b'] }],
    ['accessMode', { ...valid, accessMode: 'Offline' }],
    ['cluster', { ...valid, cluster: 'http://api.fynd.com' }],
    ['cluster', { ...valid, cluster: 'https://api.fynd.com/v1' }],
    ['cluster', { ...valid, cluster: '' }],
    ['cluster', { ...valid, cluster: 'https://user:CANARY-password@api.fynd.com' }],
    ['cluster', { ...valid, cluster: 5 }],
    ['region', { ...valid, region: '' }],
    ['region', { ...valid, region: 'Asia South' }],
    ['region', { ...valid, region: '../service' }],
    ['region', { ...valid, region: 'asia-south1/' }],
    ['region', { ...valid, region: ['asia-south1'] }],
    ['adminOrigins', { ...valid, cluster: 'https://fynd.example' }],
    ['adminOrigins', { ...valid, cluster: 'https://apis.fynd.example' }],
    ['adminOrigins', { ...valid, adminOrigins: [] }],
    ['adminOrigins', { ...valid, adminOrigins: 'https://panel.example' }],
    ['adminOrigins.0', { ...valid, adminOrigins: ["'self'; script-src *"] }],
    ['csp.img', { ...valid, csp: { img: 'https://cdn.example' } }],
    ['csp.img.1', { ...valid, csp: { img: ['https://cdn.example', 'https:'] } }],
    ['csp.img.0', { ...valid, csp: { img: ['https://cdn.example/images'] } }],
    ['csp.connect.0', { ...valid, csp: { connect: ["'self'; script-src *"] } }],
    ['csp.connect.0', { ...valid, csp: { connect: ['https://a.example;script-src'] } }],
    ['csp.font.0', { ...valid, csp: { font: ['*'] } }],
    ['csp.script', { ...valid, csp: { script: ['https://cdn.example'] } }],
    ['support', { ...valid, support: 'nobody' }],
    ['support', { ...valid, support: 'http://help.example.com' }],
    ['support', { ...valid, support: 'https://user@help.example.com' }],
    ['support', { ...valid, support: 'javascript:alert(1)' }],
    ['support', { ...valid, support: '' }],
    ['page', { ...valid, page: '' }],
    ['page', { ...valid, page: 3 }],
    ['launchPath', { ...valid, launchPath: '//evil.example' }],
    ['launchPath', { ...valid, launchPath: '/\\evil.example' }],
    ['launchPath', { ...valid, launchPath: 'https://evil.example' }],
    ['launchPath', { ...valid, launchPath: '/api/session' }],
    ['launchPath', { ...valid, launchPath: `/${'x'.repeat(512)}` }],
    ['launchPath', { ...valid, launchPath: 1 }],
    ['schedules.sweep', { ...valid, schedules: { sweep: { every: '1 day', handler: './functions/x.ts' } } }],
    ...(['*', '', '12345678901', '1234567890123', 'arn:aws:iam::123456789012:root', 'all'] as const).map(
      (from) =>
        ['events.a/b/c/v1', { ...valid, events: { 'a/b/c/v1': { provider: 'sqs', from, handler: 'x.ts' } } }] as [
          string,
          object,
        ],
    ),
    ['events.a/b/c/v1', { ...valid, events: { 'a/b/c/v1': { provider: 'sqs', from: '123456789012' } } }],
    ['events.a/b/c/v1', { ...valid, events: { 'a/b/c/v1': { provider: 'sqs', handler: 'x.ts' } } }],
    ['events.a/b/c/v1', { ...valid, events: { 'a/b/c/v1': { from: '123456789012', handler: 'x.ts' } } }],
    [
      'events',
      {
        ...valid,
        webhooks: { notificationEmail: 'a@example.com' },
        events: {
          'a/b/c/v1': { provider: 'sqs', from: '123456789012', handler: 'x.ts' },
          'a/b/d/v1': { provider: 'event_bridge', from: '123456789013', handler: 'x.ts' },
        },
      },
    ],
    ['webhooks.marketplace', { ...valid, webhooks: { marketplace: true } }],
    ['webhooks.marketplace', { ...valid, webhooks: { marketplace: true, salesChannels: 'none' } }],
    ['webhooks.secret', { ...valid, webhooks: { secret: 'CANARY-secret' } }],
    ['proxy', { ...valid, proxy: 'GET catalog/**' }],
    ['proxy.only', { ...valid, proxy: { only: [] } }],
    ['proxy.only', { ...valid, proxy: { only: 'GET catalog/**' } }],
    ['proxy.only.0', { ...valid, proxy: { only: ['catalog/**'] } }],
    ['proxy.only.0', { ...valid, proxy: { only: ['GET /catalog'] } }],
    ['proxy.also.0', { ...valid, proxy: { also: ['FETCH catalog'] } }],
    ['proxy.also.0', { ...valid, proxy: { also: ['GET a/**/b'] } }],
    ['proxy.only.1', { ...valid, proxy: { only: ['GET catalog/**', 'GET webhook/**'] } }],
    ['proxy.also.0', { ...valid, proxy: { also: ['* Webhook/v1.0/company/*/subscriber'] } }],
    ['proxy.also.0', { ...valid, proxy: { also: ['GET partners'] } }],
    ['proxy.onyl', { ...valid, proxy: { onyl: [] } }],
    ['cache.defaultTtlSeconds', { ...valid, cache: { defaultTtlSeconds: -1 } }],
    ['cache.defaultTtlSeconds', { ...valid, cache: { defaultTtlSeconds: '60' } }],
    ['cache.defaultTtlSeconds', { ...valid, cache: { defaultTtlSeconds: 1.5 } }],
    ['cache.defaultTtlSeconds', { ...valid, cache: { defaultTtlSeconds: 86_401 } }],
    ['session.maxHours', { ...valid, session: { maxHours: 0 } }],
    ['session.maxHours', { ...valid, session: { maxHours: 24.5 } }],
    ['session.maxHours', { ...valid, session: { maxHours: '8' } }],
    ['session.hours', { ...valid, session: { hours: 8 } }],
    ['cache.rules', { ...valid, cache: { rules: {} } }],
    ['cache.rules.0.route', { ...valid, cache: { rules: [{ route: 'catalog', ttlSeconds: 1 }] } }],
    ['cache.rules.0.ttlSeconds', { ...valid, cache: { rules: [{ route: 'GET catalog', ttlSeconds: Number.NaN }] } }],
    ['cache.rules.0.ttlSeconds', { ...valid, cache: { rules: [{ route: 'GET catalog' }] } }],
    ['api.GET api/x', { ...valid, api: { 'GET api/x': 'x.ts' } }],
    ['api.GET /api/session', { ...valid, api: { 'GET /api/session': 'x.ts' } }],
    ['api.ANY /api/platform/{x}', { ...valid, api: { 'ANY /api/platform/{x}': 'x.ts' } }],
    ['api.GET /api/x', { ...valid, api: { 'GET /api/x': 'x.js' } }],
    ['api.GET /api/x', { ...valid, api: { 'GET /api/x': 1 } }],
    ['storefront.GET /api/x', { ...valid, storefront: { 'GET /api/x': 'x.ts' } }],
    ['storefront.GET /ext', { ...valid, storefront: { 'GET /ext': 'x.ts' } }],
    ['storefront.GET /ext/x', { ...valid, storefront: { 'GET /ext/x': 'x.js' } }],
    ['accessMode', { ...valid, accessMode: 'online', storefront: { 'GET /ext/x': 'x.ts' } }],
    ['accessMode', { ...valid, accessMode: 'online', calls: { 'POST /x': { handler: 'x.ts', verify: 'storefront' } } }],
    ['calls.POST /x.verify', { ...valid, calls: { 'POST /x': { handler: 'x.ts' } } }],
    ['calls.POST /x.verify', { ...valid, calls: { 'POST /x': { handler: 'x.ts', verify: 'all' } } }],
    ['calls.POST /x.handler', { ...valid, calls: { 'POST /x': { verify: 'none' } } }],
    ['calls.POST /x.company', { ...valid, calls: { 'POST /x': { ...checksum, company: 'company_id' } } }],
    ['calls.POST /x.company', { ...valid, calls: { 'POST /x': { ...unverified, company: 'body.company_id' } } }],
    ...[
      'POST /fp/auth',
      'POST /adm/x',
      'POST /ext/x',
      'POST /company/1',
      'POST /organization/1',
      'POST /_x',
      'POST /api/session/x',
      'POST /api/platform/x',
      'POST /api/partner/x',
      'POST /api/webhook-events',
      'POST /{any}',
      'POST x',
      'TRACE /x',
    ].map((route): [string, unknown] => [`calls.${route}`, { ...valid, calls: { [route]: unverified } }]),
    ['calls', { ...valid, api: { 'GET /api/x/{a}': 'x.ts' }, calls: { 'POST /api/x/{b}': unverified } }],
    ['worker.maxConcurrency', { ...valid, worker: { maxConcurrency: 1 } }],
    ['worker.maxConcurrency', { ...valid, worker: { maxConcurrency: 1_001 } }],
    ['worker.maxConcurrency', { ...valid, worker: { maxConcurrency: 2.5 } }],
    ['limits.perPerson', { ...valid, limits: { perPerson: 0 } }],
    ['limits.perCompany', { ...valid, limits: { perCompany: 1.5 } }],
    ['limits.perPerson', { ...valid, limits: { perPerson: true } }],
    ['limits.requestsPerSecond', { ...valid, limits: { requestsPerSecond: 10_001 } }],
    ['limits.perUser', { ...valid, limits: { perUser: 1 } }],
    ['worker.memory', { ...valid, worker: { memory: 1 } }],
    ['alarms.email', { ...valid, alarms: { email: 'night' } }],
    ['alarms.topic', { ...valid, alarms: { topic: 'arn:aws:sqs:ap-south-1:123456789012:on-call' } }],
    ['alarms.runbook', { ...valid, alarms: { runbook: 'http://git.example/runbook.md' } }],
    ['alarms.failuresPerMinute', { ...valid, alarms: { failuresPerMinute: 0 } }],
    ['alarms.phone', { ...valid, alarms: { phone: '1' } }],
    ['scope', { ...valid, scope: [] }],
    ['the configuration', undefined],
    ['the configuration', 'Lens'],
    ['the configuration', null],
  ] as const) {
    test(`ends with a sentence that names ${field} for ${JSON.stringify(input)?.slice(0, 90)}`, () => {
      const sentence = sentenceFor(input);
      expect(sentence.startsWith(`extension.config.ts: ${field} `)).toBe(true);
      expect(sentence).toMatch(/^extension\.config\.ts: .+ (must|is|are) .+\.$/);
      expect(sentence).not.toContain('CANARY');
    });
  }
});

describe('a schedule', () => {
  const handler = './nightly.ts';
  const scheduled = (nightly: object) => ({ ...valid, schedules: { nightly: { handler, ...nightly } } });

  for (const [given, expression, timeZone] of [
    [{ every: '1 minute' }, 'cron(* * * * ? *)', 'UTC'],
    [{ every: '15 minutes' }, 'cron(0/15 * * * ? *)', 'UTC'],
    [{ every: '1 hour' }, 'cron(0 * * * ? *)', 'UTC'],
    [{ every: '60 minutes' }, 'cron(0 * * * ? *)', 'UTC'],
    [{ every: '6 hours' }, 'cron(0 0/6 * * ? *)', 'UTC'],
    [{ every: '1 day' }, 'cron(0 0 * * ? *)', 'UTC'],
    [{ every: '7 minutes' }, 'rate(7 minutes)', 'UTC'],
    [{ every: '2 days' }, 'rate(2880 minutes)', 'UTC'],
    [{ at: '02:30', timeZone: 'Asia/Kolkata' }, 'cron(30 2 * * ? *)', 'Asia/Kolkata'],
    [{ at: '00:05', timeZone: 'UTC' }, 'cron(5 0 * * ? *)', 'UTC'],
    [{ cron: '0 9 ? * MON-FRI *' }, 'cron(0 9 ? * MON-FRI *)', 'UTC'],
    [{ cron: '0 9 L * ? *', timeZone: 'Europe/Berlin' }, 'cron(0 9 L * ? *)', 'Europe/Berlin'],
  ] as const) {
    test(`${JSON.stringify(given)} is ${expression}`, () => {
      expect(parseExtension(scheduled(given)).schedules).toEqual({ nightly: { expression, timeZone, handler } });
    });
  }

  for (const [field, given] of [
    ['schedules.nightly', {}],
    ['schedules.nightly', { every: '1 day', at: '02:30', timeZone: 'UTC' }],
    ['schedules.nightly', { every: '1 day', timeZone: 'Asia/Kolkata' }],
    ['schedules.nightly', { at: '02:30' }],
    ['schedules.nightly.every', { every: '0 days' }],
    ['schedules.nightly.every', { every: 'day' }],
    ['schedules.nightly.at', { at: '2:30', timeZone: 'UTC' }],
    ['schedules.nightly.at', { at: '24:00', timeZone: 'UTC' }],
    ['schedules.nightly.cron', { cron: '30 2 * * *' }],
    ['schedules.nightly.cron', { cron: '30 2 * * * *' }],
    ['schedules.nightly.cron', { cron: '30 2 ? * ? *' }],
    ['schedules.nightly.cron', { cron: '30 2 * * ? *) rate(1 minute' }],
    ['schedules.nightly.timeZone', { at: '02:30', timeZone: 'Asia/Nowhere' }],
    ['schedules.nightly.timeZone', { at: '02:30', timeZone: '+05:30' }],
    ['schedules.nightly.timeZone', { at: '02:30', timeZone: 'asia/kolkata' }],
  ] as const) {
    test(`ends with a sentence that names ${field} for ${JSON.stringify(given)}`, () => {
      expect(sentenceFor(scheduled(given))).toMatch(`extension.config.ts: ${field} must`);
    });
  }
});

describe('the sentence about a configuration', () => {
  test('begins with the name of its file', () => {
    for (const [input, file, beginning] of [
      [{ ...valid, name: '' }, 'other.config.ts', 'other.config.ts: name must'],
      [{ ...valid, scope: [] }, '/tmp/x.ts', '/tmp/x.ts: scope is not a setting.'],
      [{ scopes: [] }, 'x.ts', 'x.ts: name is missing.'],
      [{ ...valid, cluster: 'https://fynd.example' }, 'x.ts', 'x.ts: adminOrigins is missing.'],
      [{ ...valid, events: { 'a/b/c/v1': 'x.ts' } }, 'x.ts', 'x.ts: webhooks.notificationEmail is missing'],
      [
        { ...valid, accessMode: 'online', schedules: { nightly: { every: '1 day', handler: 'x.ts' } } },
        'x.ts',
        'x.ts: accessMode must be "offline" for events, schedules, storefront handlers and calls for a company: they work without a person, with the company’s own token. Leave accessMode out: people still sign in with tokens of their own.',
      ],
    ] as const) {
      expect(() => parseExtension(input, file)).toThrow(ConfigurationError);
      expect(sentenceFor(input, file).startsWith(beginning)).toBe(true);
    }
  });
});

describe('the origins that may frame the extension', () => {
  for (const [cluster, expected] of [
    [
      'api-uat.fynd.com',
      ['https://platform-uat.fynd.com', 'https://partners-uat.fynd.com', 'https://administrator-uat.fynd.com'],
    ],
    ['api.fynd.com', ['https://platform.fynd.com', 'https://partners.fynd.com', 'https://administrator.fynd.com']],
    [
      'https://api.fyndx1.de:8443',
      ['https://platform.fyndx1.de:8443', 'https://partners.fyndx1.de:8443', 'https://administrator.fyndx1.de:8443'],
    ],
    ['http://127.0.0.1:3000', ['http://127.0.0.1:3000']],
    ['https://localhost:3000', ['https://localhost:3000']],
    ['https://127.0.0.1:3000', ['https://127.0.0.1:3000']],
    ['127.0.0.1:3000', ['https://127.0.0.1:3000']],
    ['localhost', ['https://localhost']],
    ['http://[::1]:3000', ['http://[::1]:3000']],
    ['http://platform.localhost:3000', ['http://platform.localhost:3000']],
  ] as const) {
    test(`are derived from the cluster ${cluster}`, () => {
      expect(parseExtension({ ...valid, cluster }).adminOrigins).toEqual(expected);
    });
  }

  test('are those that the configuration names, whatever the cluster is called', () => {
    const named = parseExtension({
      ...valid,
      cluster: 'https://fynd.example',
      adminOrigins: ['https://panel.example/'],
    });
    expect(named.adminOrigins).toEqual(['https://panel.example']);
  });
});

describe('an origin', () => {
  for (const [text, expected] of [
    ['api.fynd.com', 'https://api.fynd.com'],
    ['HTTPS://API.Fynd.com:443/', 'https://api.fynd.com'],
    ['http://localhost:8080', 'http://localhost:8080'],
    ['http://127.0.0.2', 'http://127.0.0.2'],
    ['http://a1b2c3.execute-api.localhost:4566', 'http://a1b2c3.execute-api.localhost:4566'],
    ['http://evillocalhost', undefined],
    ['http://[::1]:3000', 'http://[::1]:3000'],
    ['http://127.0.0.1.evil.example', undefined],
    ['http://localhost.evil.example', undefined],
    ['ftp://api.fynd.com', undefined],
    ['javascript://api.fynd.com', undefined],
    ['https://api.fynd.com?x', undefined],
    ['https://api.fynd.com#x', undefined],
    ['https://api.fynd.com\\evil', undefined],
    ['https:// api.fynd.com', undefined],
    ['//', undefined],
    ['/', undefined],
    ['//api.fynd.com', undefined],
    ['/api.fynd.com', undefined],
  ] as const) {
    test(`${JSON.stringify(text)} is ${expected ?? 'none'}`, () => expect(parseOrigin(text)).toBe(expected));
  }
});
