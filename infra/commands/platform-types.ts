// npm run platform-types: types the routes of the Platform API, from Fynd's own client, which is installed beside the
// project and never runs.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../local/host/start-error.ts';
import { declarePlatformRoutes } from './declare-platform-routes.ts';
import { runCommand } from './run-command.ts';

const library = '@gofynd/fdk-client-javascript';
const version = '3.4.2';
const folder = '.platform-types';

const usage = `npm run platform-types
Installs ${library} ${version} into ${folder}, for its types alone, and types the routes of the Platform API.
Delete ${folder} to be without.

  --json  prints JSON`;

await runCommand({ usage, options: {} }, async () => {
  mkdirSync(folder, { recursive: true });
  const manifest = { private: true, dependencies: { [library]: version } };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  console.error(`Installing ${library} ${version} into ${folder}, for its types alone …`);
  install();
  const { text, routes } = declarePlatformRoutes(
    join(folder, 'node_modules', library),
    `./node_modules/${library}`,
    '../shared/platform/platform-routes.ts',
  );
  const file = join(folder, 'platform-routes.d.ts');
  writeFileSync(file, text);
  const kilobytes = Math.round(Buffer.byteLength(text) / 1000);
  return {
    data: { routes, file, kilobytes },
    text: `${routes} routes of the Platform API are typed now: ${file}, ${kilobytes} KB. Delete ${folder} to be without.`,
  };
});

/** No script of a package runs: what is wanted are declarations. */
function install(): void {
  const options = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', '--loglevel=error'];
  const npm = process.env['npm_execpath'];
  const settings = { cwd: folder, stdio: ['ignore', 2, 2] } satisfies Parameters<typeof spawnSync>[2];
  const { status } = npm
    ? spawnSync(process.execPath, [npm, ...options], settings)
    : spawnSync('npm', options, { ...settings, shell: process.platform === 'win32' });
  if (status !== 0 || !existsSync(join(folder, 'node_modules', library))) {
    throw new StartError(
      `npm could not install ${library} ${version}; what it said is above. Without it everything works, untyped.`,
    );
  }
}
