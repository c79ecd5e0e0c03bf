import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openEnvironmentFile } from '../../../infra/local/host/environment-file.ts';
import type { LogEntry } from '../../../infra/local/host/log-entry.ts';
import { type Reloading, reloadOnChange } from '../../../infra/reload/reload-on-change.ts';
import { Browser } from '../../flow/browser.ts';
import { type LocalWorld, startWorld } from '../../start-world.ts';

// Inside the project, so that its packages are found; the folder is ignored by git.
let root: string;
let local: LocalWorld;
let reloading: Reloading;
let browser: Browser;
const said: string[] = [];
const listeners = new Set<() => void>();
const log = (entry: LogEntry) => {
  if (entry.kind === 'note') said.push(entry.text);
  for (const listener of listeners) listener();
};

/** Waits until something is said that matches, since the given moment. */
async function heard(pattern: RegExp, from: number): Promise<string> {
  for (;;) {
    const found = said.slice(from).find((text) => pattern.test(text));
    if (found !== undefined) return found;
    await new Promise<void>((resolve) => {
      const listener = () => {
        listeners.delete(listener);
        resolve();
      };
      listeners.add(listener);
    });
  }
}

const path = (name: string) => join(root, name);
const entry = (name: string) => `./${path(name)}`;
const api = (body: string, imports = '') => `import { api } from '../../functions/runtime/api.ts';
${imports}
export const handler = api(async () => {
  ${body}
});
`;
const version = (name: string) => api(`return { version: ${JSON.stringify(name)} };`);
const config = (more = '') => `import { defineExtension } from '../../shared/config.ts';
export default defineExtension({
  name: 'Reload',
  scopes: ['company/products'],
  api: {
    'GET /api/one': ${JSON.stringify(entry('one.ts'))},
    'GET /api/two': ${JSON.stringify(entry('lib/two.ts'))},
    ${more}
  },
});
`;

/** Saves a file and waits for what comes of it. */
async function save(name: string, text: string, outcome = /^Reloaded |serves\.$/): Promise<string> {
  const from = said.length;
  writeFileSync(path(name), text);
  return heard(outcome, from);
}
const ask = async (route = 'one') => (await browser.json(`/api/${route}`)) as { version?: string };

beforeAll(async () => {
  mkdirSync('cdk.out', { recursive: true });
  root = mkdtempSync(join('cdk.out', 'reload-'));
  mkdirSync(path('lib'));
  writeFileSync(path('one.ts'), version('first'));
  writeFileSync(path('lib/two.ts'), version('two').replaceAll('../../', '../../../'));
  writeFileSync(path('extension.config.ts'), config());
  local = await startWorld({
    dataDir: path('.data'),
    configFile: path('extension.config.ts'),
    reloadsPages: true,
    showsErrors: true,
  });
  const environmentFile = openEnvironmentFile(path('.env'));
  reloading = await reloadOnChange({ extension: local.extension, log, root, environmentFile });
  browser = new Browser(local.world);
  await browser.signIn(1);
});
afterAll(async () => {
  await reloading.close();
  await local.close();
  rmSync(root, { recursive: true, force: true });
});

describe('a file that is saved', () => {
  test('is served with the same session, and what is under way is finished with the old code', async () => {
    writeFileSync(path('go'), '');
    const slow = api(
      `writeFileSync(${JSON.stringify(path('begun'))}, '');
  while (existsSync(${JSON.stringify(path('go'))})) await new Promise((next) => setTimeout(next, 10));
  return { version: 'slow' };`,
      `import { existsSync, writeFileSync } from 'node:fs';`,
    );
    expect(await ask()).toEqual({ version: 'first' });
    expect(await save('one.ts', slow)).toMatch(/^Reloaded cdk\.out\/reload-.*\/one\.ts in \d/);
    const underWay = ask();
    while (!existsSync(path('begun'))) await wait(5);
    await save('one.ts', version('second'));
    expect(await ask()).toEqual({ version: 'second' });
    rmSync(path('go'));
    expect(await underWay).toEqual({ version: 'slow' });
  });

  test('is bundled with what imports it', async () => {
    writeFileSync(path('shared.ts'), `export const name = 'shared';\n`);
    await save('one.ts', api('return { version: name };', `import { name } from './shared.ts';`));
    expect(await ask()).toEqual({ version: 'shared' });
    await save('shared.ts', `export const name = 'shared, changed';\n`);
    expect(await ask()).toEqual({ version: 'shared, changed' });
  });

  test('while its old code never returns is served at once', async () => {
    await save('one.ts', api('await new Promise(() => {});'));
    const hanging = new AbortController();
    const never = browser.fetch('/api/one', { signal: hanging.signal }).catch(() => 'given up');
    await save('one.ts', version('returns'));
    expect(await ask()).toEqual({ version: 'returns' });
    hanging.abort();
    expect(await never).toBe('given up');
  });

  test('a hundred times in a second ends with the last one', async () => {
    const from = said.length;
    for (let count = 0; count < 100; count += 1) {
      writeFileSync(path('one.ts'), version(`save ${count}`));
      await wait(5);
    }
    while ((await ask()).version !== 'save 99') await heard(/^Reloaded/, from);
    expect(said.slice(from).filter((text) => text.startsWith('Reloaded')).length).toBeLessThan(20);
    expect(said.slice(from).join('\n')).not.toContain('serves.');
  });

  test('half-way and then whole is no mistake', async () => {
    const whole = version('whole');
    const from = said.length;
    writeFileSync(path('one.ts'), whole.slice(0, whole.length / 2));
    await wait(120);
    writeFileSync(path('one.ts'), whole);
    await heard(/^Reloaded/, from);
    expect(await ask()).toEqual({ version: 'whole' });
    expect(said.slice(from).join('\n')).not.toContain('serves.');
  });
});

describe('a mistake is a sentence, and the last good version serves:', () => {
  for (const [what, text, words] of [
    ['a syntax error, with file, line and code', 'export const x = {\n', /one\.ts:\d+:\d+:[^]*│/],
    [
      'a package that is not installed',
      `import 'no-such-package-here';\n`,
      /Could not resolve "no-such-package-here"[^]*one\.ts:1:7[^]*npm install --save-exact no-such-package-here/,
    ],
    [
      'a file that throws when it is loaded',
      `${version('x')}\nthrow new Error('at the top');\n`,
      /one\.ts cannot be loaded: Error: at the top/,
    ],
    ['a file that exports no handler', 'export const other = 1;\n', /names .*one\.ts, which exports no "handler"/],
    ['a handler that nobody made', 'export const handler = async () => 1;\n', /whose "handler" is not made by api/],
  ] as const) {
    test(what, async () => {
      await save('one.ts', version('good'));
      const from = said.length;
      expect(await save('one.ts', text, /serves\.$/)).toMatch(words);
      expect(said.slice(from)).toHaveLength(1);
      expect(await ask()).toEqual({ version: 'good' });
      await save('one.ts', version('mended'), /^Reloaded/);
      expect(await ask()).toEqual({ version: 'mended' });
    });
  }

  test('a configuration that is wrong', async () => {
    const wrong = await save('extension.config.ts', config().replace("name: 'Reload'", 'name: 7'), /serves\.$/);
    expect(wrong).toContain('name');
    expect((await ask()).version).toBe('mended');
    await save('extension.config.ts', config(), /^Reloaded/);
  });

  test('a folder that vanishes, and comes back with something else in it', async () => {
    const from = said.length;
    rmSync(path('lib'), { recursive: true });
    expect(await heard(/serves\.$/, from)).toContain('lib/two.ts');
    expect(await ask('two')).toEqual({ version: 'two' });
    mkdirSync(path('lib'));
    await save('lib/two.ts', version('back').replaceAll('../../', '../../../'), /^Reloaded/);
    expect(await ask('two')).toEqual({ version: 'back' });
  });
});

describe('a configuration that is saved', () => {
  test('has its new routes served, with the same session', async () => {
    expect((await browser.fetch('/api/three')).status).toBe(404);
    await save('extension.config.ts', config(`'GET /api/three': ${JSON.stringify(entry('one.ts'))},`), /^Reloaded/);
    expect(await ask('three')).toEqual(await ask());
    await save('one.ts', version('after'), /^Reloaded/);
    expect(await ask('three')).toEqual({ version: 'after' });
  });
});

describe('.env', () => {
  const handler = api(
    `const url = await secret('slackUrl').catch(() => 'no value'); return { version: [setting('lowStock'), url].join() };`,
    `import { secret, setting } from '../../functions/runtime/own-settings.ts';`,
  );
  const own = () => `settings: { lowStock: 5 },
  secrets: { slackUrl: { for: [${JSON.stringify(entry('one.ts'))}] } },
  api: {`;

  test('that is saved has its settings and secrets served, and a secret without a value is told', async () => {
    await save('one.ts', handler);
    await save('extension.config.ts', config().replace('api: {', own()), /^Reloaded/);
    expect(local.extension.logs().join('\n')).toContain(
      'The secret SLACK_URL has no value: put SLACK_URL=… into .env.',
    );
    expect(await ask()).toEqual({ version: '5,no value' });
    await save('.env', 'SLACK_URL=CANARY-one\nLOW_STOCK=3\n', /^Reloaded/);
    expect(await ask()).toEqual({ version: '3,CANARY-one' });
    expect(await save('.env', 'SLACK_URL=CANARY-two\nLOW_STOCK=few\n', /serves\.$/)).toContain('LOW_STOCK');
    expect(await ask()).toEqual({ version: '3,CANARY-one' });
    await save('.env', 'SLACK_URL=CANARY-two\n', /^Reloaded/);
    expect(await ask()).toEqual({ version: '5,CANARY-two' });
    await save('.env', '', /^Reloaded/);
    expect(await ask()).toEqual({ version: '5,no value' });
  });
});

describe('a page that is open', () => {
  test('loads a script of this machine, which is told when something was replaced', async () => {
    const page = await browser.fetch('/company/1', { headers: { accept: 'text/html' } });
    expect(await page.text()).toContain('<script src="/_local/reload.js" async></script></body>');
    const error = await browser.fetch('/fp/install', { headers: { accept: 'text/html' } });
    const nonce = /'nonce-([^']+)'/.exec(error.headers.get('content-security-policy') ?? '')?.[1];
    expect(nonce).toBeDefined();
    expect(await error.text()).toContain(`<script nonce="${nonce}" src="/_local/reload.js" async></script></body>`);
    const events = await fetch(`${local.world.baseUrl}/_local/reload`);
    const reader = events.body?.pipeThrough(new TextDecoderStream()).getReader();
    const first = (await reader?.read())?.value;
    expect(first).toMatch(/^data: \S+\n\n$/);
    await save('one.ts', version('for pages'), /^Reloaded/);
    const second = (await reader?.read())?.value;
    expect(second).toMatch(/^data: \S+\n\n$/);
    expect(second).not.toBe(first);
    await reader?.cancel();
  });

  test('is made of files that are watched, too', async () => {
    mkdirSync(path('dist'));
    const page = (title: string) => `<!doctype html><title>${title}</title><body></body>`;
    writeFileSync(path('dist/index.html'), page('before'));
    const withPage = config().replace("name: 'Reload',", `name: 'Reload', page: ${JSON.stringify(entry('dist'))},`);
    await save('extension.config.ts', withPage, /^Reloaded/);
    const shown = async () => (await browser.fetch('/company/1', { headers: { accept: 'text/html' } })).text();
    expect(await shown()).toContain('<title>before</title>');
    await save('dist/index.html', page('after'), /^Reloaded/);
    expect(await shown()).toContain('<title>after</title>');
  });

  test('is told by whoever built something for it', async () => {
    const events = await fetch(`${local.world.baseUrl}/_local/reload`);
    const reader = events.body?.pipeThrough(new TextDecoderStream()).getReader();
    const first = (await reader?.read())?.value;
    local.extension.reloadPages();
    expect((await reader?.read())?.value).not.toBe(first);
    await reader?.cancel();
  });
});

test('a secret that a handler prints is left out, and a sentence says so', async () => {
  await save('one.ts', api(`console.log('the secret is', 'CANARY-api-secret'); return { version: 'prints' };`));
  await ask();
  const logs = local.extension.logs().join('\n');
  expect(logs).toContain('the secret is (a secret)');
  expect(logs).toMatch(/one\.ts printed a secret, which is left out here/);
  expect(logs).not.toContain('CANARY-api-secret');
});
