import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { devSettings, emulatorSettings, startSettings } from '../../../infra/local/host/settings.ts';
import { StartError } from '../../../infra/local/host/start-error.ts';
import { temporaryDirectory } from './fixture/start-fixture.ts';

const environment = {
  EXTENSION_API_KEY: 'CANARY-key',
  EXTENSION_API_SECRET: 'CANARY-secret',
  EXTENSION_BASE_URL: 'https://extension.example.com',
  FP_API_DOMAIN: 'api.example.com',
  BACKEND_PORT: '3001',
  FRONTEND_PORT: '3002',
};

test("the front end's port is listened on where the file of fdk-cli claims that role", () => {
  using folder = temporaryDirectory();
  const file = join(folder.path, 'fdk.ext.config.json');
  const portsWith = (text: string) => {
    writeFileSync(file, text);
    return devSettings(environment, file).ports.map(({ port }) => port);
  };
  expect(portsWith('{"roles":["backend","frontend"]}')).toEqual([3001, 3002]);
  expect(portsWith('{"roles":["backend"]}')).toEqual([3001]);
  expect(devSettings(environment, join(folder.path, 'none.json')).ports).toHaveLength(1);
});

test("the front end's port is left to another file of fdk-cli that claims it, wherever below the project", () => {
  const claim = '{"roles":["frontend"]}';
  const read = (files: Record<string, string>) => {
    using folder = temporaryDirectory();
    for (const [name, text] of Object.entries({
      'fdk.ext.config.json': '{"roles":["backend","frontend"]}',
      ...files,
    })) {
      mkdirSync(dirname(join(folder.path, name)), { recursive: true });
      writeFileSync(join(folder.path, name), text);
    }
    const { FRONTEND_PORT: _port, ...without } = environment;
    const file = join(folder.path, 'fdk.ext.config.json');
    const { ports, frontendElsewhere } = devSettings(without, file);
    return [ports.map(({ port }) => port), frontendElsewhere?.slice(folder.path.length + 1)];
  };
  const frontend = join('frontend', 'fdk.ext.config.json');
  expect(read({ [frontend]: claim })).toEqual([[3001], frontend]);
  const deep = join('apps', 'web', 'fdk.ext.config.json');
  expect(read({ [deep]: claim, [frontend]: '{"roles":["backend"]}' })).toEqual([[3001], deep]);
  for (const elsewhere of ['node_modules/x', 'apps/node_modules/x', '.git', 'apps/.hidden']) {
    expect(() => read({ [`${elsewhere}/fdk.ext.config.json`]: claim })).toThrow(/^FRONTEND_PORT is not set/);
  }
  expect(() => read({ [frontend]: '{' })).toThrow(/frontend.fdk\.ext\.config\.json must be JSON/);
});

test('one port for both ends is listened on once', () => {
  const { ports } = devSettings({ ...environment, FRONTEND_PORT: '3001' });
  expect(ports).toEqual([{ port: 3001, name: 'BACKEND_PORT' }]);
});

test.each(['', '{"roles":', 'null', '[]', '{}', '{"roles":"frontend"}', '{"roles":[1]}'])(
  'a file of fdk-cli that says %j is told by its name',
  (text) => {
    using folder = temporaryDirectory();
    const file = join(folder.path, 'fdk.ext.config.json');
    writeFileSync(file, text);
    expect(() => devSettings(environment, file)).toThrow(/fdk\.ext\.config\.json must be JSON whose "roles" is a list/);
  },
);

describe('what fdk wrote down for this project', () => {
  const roles = 'fdk.ext.config.json';
  const { EXTENSION_API_KEY: _key, EXTENSION_API_SECRET: _secret, ...bare } = environment;
  const written = {
    EXTENSION_API_KEY: 'CANARY-written-key',
    EXTENSION_API_SECRET: 'CANARY-written-secret',
    EXTENSION_BASE_URL: 'https://of-yesterday.example.com',
    DEVELOPMENT_COMPANY: 1,
  };

  /** The settings, with this text as the file or, where there is none, without a file. */
  function read(given: Record<string, string>, text?: string) {
    using folder = temporaryDirectory();
    const file = join(folder.path, 'extension.context.json');
    if (text !== undefined) writeFileSync(file, text);
    return devSettings(given, roles, file);
  }

  function refusal(given: Record<string, string>, text?: string): unknown {
    try {
      return read(given, text);
    } catch (error) {
      return error;
    }
  }

  test('is read for the key and the secret that the environment does not name, and for nothing else', () => {
    const text = JSON.stringify(written);
    const own = { apiKey: 'CANARY-key', apiSecret: 'CANARY-secret' };
    const theirs = { apiKey: 'CANARY-written-key', apiSecret: 'CANARY-written-secret' };
    for (const [given, expected] of [
      [bare, theirs],
      [{ ...bare, EXTENSION_API_KEY: '', EXTENSION_API_SECRET: ' ' }, theirs],
      [
        { ...bare, EXTENSION_API_KEY: 'CANARY-key' },
        { ...theirs, apiKey: 'CANARY-key' },
      ],
      [
        { ...bare, EXTENSION_API_SECRET: 'CANARY-secret' },
        { ...theirs, apiSecret: 'CANARY-secret' },
      ],
      [environment, own],
    ] as const) {
      expect(read(given, text)).toMatchObject({ ...expected, baseUrl: 'https://extension.example.com' });
    }
    const { EXTENSION_BASE_URL: _url, ...withoutUrl } = bare;
    expect(() => read(withoutUrl, text)).toThrow(/^EXTENSION_BASE_URL is not set/);
  });

  test('is not looked at where the environment names both', () => {
    expect(read(environment, 'CANARY: no JSON')).toMatchObject({ apiSecret: 'CANARY-secret' });
  });

  test.each([
    '',
    'CANARY',
    '{"EXTENSION_API_SECRET": "CANARY-secret"',
    '{"EXTENSION_API_SECRET": CANARY}',
    'null',
    '[]',
    '"CANARY"',
    '{"EXTENSION_API_KEY":"CANARY-key","EXTENSION_API_SECRET":["CANARY-secret"]}',
    '{"EXTENSION_API_KEY":7,"EXTENSION_API_SECRET":"CANARY-secret"}',
    '{"EXTENSION_API_KEY":"CANARY-key","EXTENSION_API_SECRET":"CANARY with spaces"}',
    '{"EXTENSION_API_KEY":"CANARY\\nkey","EXTENSION_API_SECRET":"CANARY-secret"}',
  ])('that says %j is told by the name of the file, and never quoted', (text) => {
    const error = refusal(bare, text);
    expect(error).toBeInstanceOf(StartError);
    const { message, cause } = error as StartError;
    expect(message).toMatch(/extension\.context\.json/);
    expect(message).not.toMatch(/CANARY|\n/);
    expect(cause).toBeUndefined();
  });

  test('that is a folder is told by its name', () => {
    using folder = temporaryDirectory();
    const file = join(folder.path, 'extension.context.json');
    mkdirSync(file);
    expect(() => devSettings(bare, roles, file)).toThrow(/extension\.context\.json must be/);
  });

  test.each([
    ['EXTENSION_API_KEY', undefined],
    ['EXTENSION_API_KEY', '{}'],
    ['EXTENSION_API_KEY', '{"EXTENSION_API_KEY":"","EXTENSION_API_SECRET":"CANARY-secret"}'],
    ['EXTENSION_API_SECRET', '{"EXTENSION_API_KEY":"CANARY-key"}'],
  ])('may lack %s, which must come from somewhere: %j', (name, text) => {
    const error = refusal(bare, text);
    expect(String(error)).toMatch(new RegExp(`^StartError: ${name} is not set`));
    expect(String(error)).not.toContain('CANARY');
  });
});

test('HTTPS asks for TLS, and takes nothing but yes or no', () => {
  const isTls = (value: string) => startSettings({ HTTPS: value }).isTls;
  expect(['1', 'true', ' 1 ', '0', 'false', ''].map(isTls)).toEqual([true, true, true, false, false, false]);
  expect(startSettings({}).isTls).toBe(false);
  expect(() => isTls('yes')).toThrow(/^HTTPS must be 1/);
});

test('the emulator’s account has a port of its own, and the simulated platform unless another is named', () => {
  expect(emulatorSettings({})).toMatchObject({
    platformPort: { port: 3000 },
    extensionPort: { port: 3001 },
    emulatorPort: { port: 4566, name: 'EMULATOR_PORT' },
    platform: undefined,
  });
  expect(() => emulatorSettings({ EXTENSION_PORT: '4566' })).toThrow(/EXTENSION_PORT and EMULATOR_PORT are both 4566/);
  const { platform } = emulatorSettings(environment);
  expect(platform).toEqual({
    apiKey: 'CANARY-key',
    apiSecret: 'CANARY-secret',
    baseUrl: 'https://extension.example.com',
    cluster: 'https://api.example.com',
  });
  const { EXTENSION_BASE_URL: _url, ...without } = environment;
  expect(() => emulatorSettings(without)).toThrow(/^EXTENSION_BASE_URL is not set/);
  // What serves on this machine too needs no tunnel to it.
  const beside = emulatorSettings({ ...without, FP_API_DOMAIN: 'http://127.0.0.1:3000', EXTENSION_PORT: '3009' });
  expect(beside.platform?.baseUrl).toBe('http://localhost:3009');
});
