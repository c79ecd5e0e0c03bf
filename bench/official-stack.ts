import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** What an extension on the official library is made of, with the adapter that brings Express to Lambda. */
const dependencies = {
  '@gofynd/fdk-client-javascript': '3.4.2',
  '@gofynd/fdk-extension-javascript': '1.1.4',
  'cookie-parser': '1.4.7',
  express: '4.22.3',
  'serverless-http': '4.0.0',
};

/** In words, for the table. */
export const officialStack = Object.entries(dependencies)
  .map(([name, version]) => `${name} ${version}`)
  .join(', ');

/**
 * The folder in which the official stack is installed, from npm where it is not there yet. It is nobody's dependency:
 * this project must not carry it, so it lives beside the bundles that are measured.
 */
export function installOfficialStack(directory: string): string {
  const folder = resolve(directory, 'official-stack');
  const manifest = JSON.stringify({ private: true, dependencies });
  const manifestFile = join(folder, 'package.json');
  const isInstalled =
    existsSync(join(folder, 'node_modules', '.package-lock.json')) && readFileSync(manifestFile, 'utf8') === manifest;
  if (isInstalled) return folder;
  mkdirSync(folder, { recursive: true });
  writeFileSync(manifestFile, manifest);
  const install = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
  const npm = process.env['npm_execpath'];
  const { status } = npm
    ? spawnSync(process.execPath, [npm, ...install], { cwd: folder, stdio: ['ignore', 2, 2] })
    : spawnSync('npm', install, { cwd: folder, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (status !== 0) throw new Error('The official stack could not be installed from npm; what npm said is above.');
  return folder;
}
