import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { declarePlatformRoutes } from '../../infra/commands/declare-platform-routes.ts';

const library = resolve(process.env['TEST_OFFICIAL_CACHE'] ?? '', 'node_modules/@gofynd/fdk-client-javascript');

test('every route of the official client becomes a type, and the types are free of errors', {
  timeout: 120_000,
}, () => {
  mkdirSync('node_modules/.cache', { recursive: true });
  const directory = mkdtempSync('node_modules/.cache/official-types-');
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const routesModule = resolve('shared/platform/platform-routes.ts');
  const { text, routes, leftOut } = declarePlatformRoutes(library, library, routesModule);
  // A HEAD, and two addresses that are not below /service/platform/.
  expect([routes, leftOut]).toEqual([818, 3]);
  // As a module, not as a declaration file: those are not judged.
  writeFileSync(join(directory, 'routes.ts'), text);
  writeFileSync(
    join(directory, 'calls.ts'),
    `import type { PlatformClient } from '${resolve('shared/platform/platform-client.ts')}';
declare const platform: PlatformClient;
const page = await platform.get('catalog/v2.0/company/{company_id}/products/', { query: { page_size: 20 } });
export const names: (string | undefined)[] | undefined = page.items?.map(({ name }) => name);
// @ts-expect-error no such route
await platform.get('catalog/v2.0/company/{company_id}/prodcts/');
`,
  );
  const handlers = ['nightly', 'on-product-update', 'products'].map((name) => resolve('functions/app', `${name}.ts`));
  const project = join(directory, 'tsconfig.json');
  writeFileSync(
    project,
    JSON.stringify({ extends: resolve('tsconfig.json'), include: [], files: ['routes.ts', 'calls.ts', ...handlers] }),
  );
  execFileSync('node_modules/.bin/tsc', ['--project', project], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
});
