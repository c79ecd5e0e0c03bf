// Runs a program of this project with the project's own Node, installing the dependencies first where that is
// needed. Plain JavaScript for any Node >= 20, because `npm start` and `npm test` work as the first command.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Before installing takes its time.
const parent = process.ppid;
const starters = findStarters();

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
  // What runs until it is stopped sees by its channel that this process was killed. Vitest would take one for a sign
  // that it is its own worker.
  stdio: [
    'inherit',
    'inherit',
    'inherit',
    ...(/^infra\/(commands\/(start|dev|emulator)|simulated-platform\/main)\.ts$/.test(program) ? ['ipc'] : []),
  ],
  env: { ...process.env, PATH: `${dirname(node)}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH}` },
});
child.on('error', (error) => {
  console.error(`The project's own Node could not be started (${error.message}). Run: npm ci`);
  process.exit(1);
});
// A terminal sends Ctrl-C to the whole group; a process manager signals only this process. Both end the child, and
// this process waits for it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code));
// Whoever waits for this process may end without a signal to it.
const watch = setInterval(() => {
  if (process.ppid === parent && starters.every(isAlive)) return;
  clearInterval(watch);
  child.kill('SIGTERM');
}, 250).unref();

/**
 * The processes that wait for this one: its parent and, where that is a shell that was started for nothing else, the
 * shell's. So npm does it: some shells put the program into their own place, others die with npm without passing the
 * signal on, or live on when npm is killed.
 */
function findStarters() {
  const [, shellsParent, commandLine] = /^\s*(\d+) (.*)$/s.exec(describe(parent)) ?? [];
  return [parent, ...(commandLine?.includes('run.mjs') ? [Number(shellsParent)] : [])].filter(isAlive);
}

/** The parent and the command line of a process; empty where the system does not tell. */
function describe(pid) {
  if (process.platform === 'win32') return '';
  if (process.platform !== 'linux') {
    return spawnSync('ps', ['-o', 'ppid=,args=', '-p', String(pid)], { encoding: 'utf8' }).stdout ?? '';
  }
  try {
    return `${statOf(pid)[1]} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8')}`;
  } catch {
    return '';
  }
}

/** A process that has ended and that nobody has waited for yet is none. */
function isAlive(pid) {
  try {
    if (process.platform === 'linux') return statOf(pid)[0] !== 'Z';
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** State, parent and so on: what follows the name, which may hold anything. */
function statOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
