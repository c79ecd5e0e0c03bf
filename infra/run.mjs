// Runs a program of this project with the project's own Node, installing the dependencies first where that is
// needed. Plain JavaScript for any Node >= 20, because `npm start` and `npm test` work as the first command.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const lockFile = join(root, 'package-lock.json');
const installedLockFile = join(root, 'node_modules', '.package-lock.json');
const node = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

const reason = !existsSync(installedLockFile)
  ? 'are not installed yet'
  : statSync(installedLockFile).mtimeMs < statSync(lockFile).mtimeMs
    ? 'are older than package-lock.json'
    : undefined;
if (reason) {
  console.error(`The dependencies ${reason}: installing them from package-lock.json (once, about a minute) …`);
  const npm = process.env.npm_execpath;
  const install = npm
    ? spawnSync(process.execPath, [npm, 'ci', '--loglevel=error'], { cwd: root, stdio: ['ignore', 2, 2] })
    : spawnSync('npm', ['ci', '--loglevel=error'], {
        cwd: root,
        stdio: ['ignore', 2, 2],
        shell: process.platform === 'win32',
      });
  if (install.status !== 0) {
    console.error('Installing the dependencies failed; what npm said is above. Mend that and run the command again.');
    process.exit(install.status ?? 1);
  }
}

const [program, ...programArguments] = process.argv.slice(2);
const child = spawn(node, [join(root, program), ...programArguments], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, PATH: `${dirname(node)}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH}` },
});
child.on('error', (error) => {
  console.error(`The project's own Node could not be started (${error.message}). Run: npm ci`);
  process.exit(1);
});
// A terminal sends Ctrl-C to the whole group; a process manager signals only this process. Both end the child, and
// this process waits for it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
// A shell may stand between npm and this process and die without passing the signal on: then this process has another
// parent, and nobody waits for its child any more.
const parent = process.ppid;
setInterval(() => process.ppid === parent || child.kill('SIGTERM'), 250).unref();
child.on('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code));
