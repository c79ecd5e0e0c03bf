import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { devSettings } from '../../../infra/local/host/settings.ts';
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
