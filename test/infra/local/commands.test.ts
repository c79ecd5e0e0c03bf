import { spawn, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { findFreePort } from '../../../infra/local/host/listen.ts';
import { runCommand } from './fixture/run-command.ts';
import { temporaryDirectory } from './fixture/start-fixture.ts';

const data = temporaryDirectory();
afterAll(() => data[Symbol.dispose]());

const start = 'infra/commands/start.ts';
const dev = 'infra/commands/dev.ts';

async function ports() {
  return { PORT: String(await findFreePort()), EXTENSION_PORT: String(await findFreePort()) };
}

async function devEnvironment() {
  return {
    EXTENSION_API_KEY: 'CANARY-key',
    EXTENSION_API_SECRET: 'CANARY-secret',
    EXTENSION_BASE_URL: 'https://extension.example.com/',
    FP_API_DOMAIN: 'https://localhost:9',
    BACKEND_PORT: String(await findFreePort()),
    FRONTEND_PORT: String(await findFreePort()),
    LOCAL_DATA_DIR: join(data.path, 'dev'),
  };
}

/** Process ids, oldest first. */
function childrenOf(pid: number | undefined): number[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const pairs = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  return pairs.flatMap(([child = 0, parent]) => (parent === pid ? [child] : []));
}

function killGroup(pid = 0): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // There is nobody left, as it should be.
  }
}

async function refused(program: string, environment: Record<string, string>) {
  await using command = runCommand(program, environment);
  expect(await command.exited).toBe(1);
  expect(command.stderr).toMatch(/^[^\n]+\n$/);
  expect(command.output).not.toMatch(/ {4}at |CANARY/);
  return command.stderr;
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}

describe('npm start', () => {
  test('serves the extension and the platform, and Ctrl-C, heard twice, ends everything', async () => {
    const { PORT, EXTENSION_PORT } = await ports();
    const dataDir = join(data.path, 'start');
    await using command = runCommand(start, { PORT, EXTENSION_PORT, LOCAL_DATA_DIR: dataDir });
    await command.printed(new RegExp(`Open +http://127.0.0.1:${PORT} .*Install`));
    await command.printed(/Ctrl-C/);

    const health = await fetch(`http://localhost:${EXTENSION_PORT}/_healthz`);
    expect([health.status, await health.json()]).toEqual([200, { ok: true }]);
    expect(await answers(`http://127.0.0.1:${PORT}/`)).toBe(true);
    await command.printed(/GET +\/_healthz 200 \d+ ms .*healthz/i);
    await vi.waitFor(async () => {
      const log = await fetch(`http://127.0.0.1:${PORT}/__control/log`);
      expect(await log.json()).toMatchObject([{ from: 'browser', to: 'extension', url: '/_healthz', status: 200 }]);
    });

    command.interruptGroup();
    expect(await command.exited).toBe(0);
    expect(command.output).not.toMatch(/ {4}at /);
    expect(await answers(`http://localhost:${EXTENSION_PORT}/_healthz`)).toBe(false);
    expect(await answers(`http://127.0.0.1:${PORT}/`)).toBe(false);
    expect(readdirSync(dataDir).sort()).toEqual(['dynamodb', 'secrets.json', 'simulated-platform.json']);
  });

  test('a signal to the first process alone ends everything too, also while it starts', async () => {
    const { PORT, EXTENSION_PORT } = await ports();
    await using command = runCommand(start, { PORT, EXTENSION_PORT, LOCAL_DATA_DIR: join(data.path, 'early') });
    await command.printed(/^Starting/);
    command.kill('SIGTERM');
    expect(await command.exited).toBe(0);
    expect(command.stderr).toBe('');
    expect(await answers(`http://127.0.0.1:${PORT}/`)).toBe(false);
  });

  test('two runs with other ports and folders do not disturb each other', async () => {
    const [one, two] = [await ports(), await ports()];
    await using first = runCommand(start, { ...one, LOCAL_DATA_DIR: join(data.path, 'one') });
    await using second = runCommand(start, { ...two, LOCAL_DATA_DIR: join(data.path, 'two') });
    await Promise.all([first.printed(/Ctrl-C/), second.printed(/Ctrl-C/)]);
    first.kill('SIGINT');
    await first.exited;
    expect(await answers(`http://localhost:${two.EXTENSION_PORT}/_healthz`)).toBe(true);
  });

  test('a folder that another run uses is refused by the name of its variable', async () => {
    const environment = { LOCAL_DATA_DIR: join(data.path, 'held') };
    await using holder = runCommand(start, { ...environment, ...(await ports()) });
    await holder.printed(/Ctrl-C/);
    expect(await refused(start, { ...environment, ...(await ports()) })).toMatch(/in use .*LOCAL_DATA_DIR/);
  });

  test('a folder that cannot be one, or cannot be written, is refused by the name of its variable', async () => {
    const environment = await ports();
    const file = join(data.path, 'file');
    const readOnly = join(data.path, 'read-only');
    writeFileSync(file, '');
    mkdirSync(readOnly);
    chmodSync(readOnly, 0o500);
    const impossible = [
      file,
      join(file, 'folder'),
      // Whoever may do everything is kept from writing by no mode.
      ...(process.getuid?.() === 0 ? [] : [readOnly, join(readOnly, 'folder')]),
      ...(process.platform === 'linux' ? ['/proc', '/proc/x', '/proc/x/y'] : []),
    ];
    for (const LOCAL_DATA_DIR of impossible) {
      expect(await refused(start, { ...environment, LOCAL_DATA_DIR })).toMatch(
        /(is not a folder|cannot be written).* set LOCAL_DATA_DIR/,
      );
    }
  });

  test('a port that another run is about to listen on is refused before anything is synthesized', async () => {
    const { PORT, EXTENSION_PORT } = await ports();
    await using first = runCommand(start, { PORT, EXTENSION_PORT, LOCAL_DATA_DIR: join(data.path, 'claims') });
    await first.printed(/^Starting/);
    const LOCAL_DATA_DIR = join(data.path, 'claims-too');
    expect(await refused(start, { PORT, EXTENSION_PORT, LOCAL_DATA_DIR })).toMatch(`Port ${PORT} (PORT) is in use`);
    const other = (await ports()).PORT;
    expect(await refused(start, { PORT: other, EXTENSION_PORT, LOCAL_DATA_DIR })).toMatch(
      `Port ${EXTENSION_PORT} (EXTENSION_PORT) is in use`,
    );
    expect(existsSync(LOCAL_DATA_DIR)).toBe(false);
  });

  test('what a killed run left behind blocks nobody', async () => {
    const environment = { LOCAL_DATA_DIR: join(data.path, 'killed') };
    const first = await ports();
    await using killed = runCommand(start, { ...environment, ...first });
    await killed.printed(/Ctrl-C/);
    process.kill(-killed.pid, 'SIGKILL');
    await killed.exited;
    await using next = runCommand(start, { ...environment, ...(await ports()) });
    await next.printed(/Ctrl-C/);
    const assemblies = readdirSync(environment.LOCAL_DATA_DIR).filter((name) => name.startsWith('cdk.out'));
    expect(assemblies).toHaveLength(1);
    expect(await answers(`http://127.0.0.1:${first.PORT}/`)).toBe(false);
  });

  test('a port that is in use, is no port or is named twice is told by its variable', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const port = String((taken.address() as { port: number }).port);
    const { PORT, EXTENSION_PORT } = await ports();
    expect(await refused(start, { PORT: port, EXTENSION_PORT })).toMatch(`Port ${port} (PORT) is in use`);
    expect(await refused(start, { PORT, EXTENSION_PORT: port })).toMatch(`Port ${port} (EXTENSION_PORT) is in use`);
    expect(await refused(start, { PORT: 'abc' })).toMatch(/^PORT must be a port number/);
    expect(await refused(start, { EXTENSION_PORT: '65536' })).toMatch(/^EXTENSION_PORT must be a port number/);
    expect(await refused(start, { PORT, EXTENSION_PORT: PORT })).toMatch(/^PORT and EXTENSION_PORT are both/);
    taken.close();
  });

  test('a configuration that does not exist ends the platform too', async () => {
    const { PORT, EXTENSION_PORT } = await ports();
    const environment = { PORT, EXTENSION_PORT, LOCAL_DATA_DIR: join(data.path, 'missing') };
    expect(await refused(start, { ...environment, EXTENSION_CONFIG: 'no-such.config.ts' })).toContain(
      'EXTENSION_CONFIG',
    );
    expect(await answers(`http://127.0.0.1:${PORT}/`)).toBe(false);
  });
});

describe.skipIf(process.platform === 'win32')('nothing is left, however one of those that wait for it ends', () => {
  test.each([
    [start, 'SIGTERM', 'npm'],
    [start, 'SIGKILL', 'npm'],
    [start, 'SIGKILL', 'run.mjs'],
    [start, 'SIGKILL', 'the program'],
    [dev, 'SIGKILL', 'run.mjs'],
  ] as const)('%s: %s to %s alone', async (program, signal, victim) => {
    const { PORT, EXTENSION_PORT } = await ports();
    const environment = { ...(await devEnvironment()), PORT, EXTENSION_PORT, BACKEND_PORT: EXTENSION_PORT };
    // As npm does it: its shell dies with it without a word to anybody, or lives on when it is killed.
    const npm = spawn(
      process.execPath,
      [
        '--eval',
        `const { spawn } = require('node:child_process');
        const shell = spawn('sh', ['-c', 'node infra/run.mjs ${program}; exit $?'], { stdio: 'inherit' });
        process.on('SIGTERM', () => process.exit(Number(!shell.kill())));`,
      ],
      {
        detached: true,
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { PATH: process.env['PATH'], TMPDIR: process.env['TMPDIR'], ...environment },
      },
    );
    let output = '';
    npm.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    // Every process of the group has the stream: it closes with the last one.
    const allGone = once(npm.stdout, 'close');
    try {
      await expect.poll(() => output, { timeout: 30_000 }).toContain('Ctrl-C');
      const [shell] = childrenOf(npm.pid);
      const [run] = childrenOf(shell);
      const [child] = childrenOf(run);
      process.kill({ npm: npm.pid, 'run.mjs': run, 'the program': child }[victim] ?? Number.NaN, signal);
      await allGone;
      for (const port of program === start ? [PORT, EXTENSION_PORT] : [EXTENSION_PORT]) {
        await expect.poll(() => answers(`http://127.0.0.1:${port}/`)).toBe(false);
      }
    } finally {
      killGroup(npm.pid);
    }
  });
});

describe('npm run dev', () => {
  test('serves on both ports, for the platform that the environment names', async () => {
    const environment = await devEnvironment();
    await using command = runCommand(dev, environment);
    await command.printed(/Ctrl-C/);
    for (const port of [environment.BACKEND_PORT, environment.FRONTEND_PORT]) {
      const url = `http://127.0.0.1:${port}/fp/install?company_id=1&client_id=CANARY-key`;
      const answer = await fetch(url, { redirect: 'manual' });
      expect(answer.headers.get('location')).toMatch(/^https:\/\/localhost:9\/service\/panel\/authentication/);
    }
    // The platform is asked what it knows of the extension, and nothing waits for that.
    await command.printed(/^The platform cannot be reached at https:/);
    command.kill('SIGINT');
    expect(await command.exited).toBe(0);
    expect(command.output).not.toContain('CANARY');
  });

  test('listens on both ports before anything slow; what is asked meanwhile is answered once the stack serves', async () => {
    const environment = await devEnvironment();
    await using command = runCommand(dev, environment);
    await command.printed(/^Synthesizing/);
    const waiting = [environment.BACKEND_PORT, environment.FRONTEND_PORT].map(
      async (port) => (await fetch(`http://127.0.0.1:${port}/_healthz`)).status,
    );
    expect(command.output).not.toContain('Serving');
    expect(await Promise.all(waiting)).toEqual([200, 200]);
  });

  test('ends with what it waited for where the stack cannot be made', async () => {
    const environment = { ...(await devEnvironment()), EXTENSION_CONFIG: 'no-such.config.ts' };
    await using command = runCommand(dev, environment);
    await command.printed(/^Synthesizing/);
    await expect(fetch(`http://127.0.0.1:${environment.BACKEND_PORT}/_healthz`)).rejects.toThrow();
    expect(await command.exited).toBe(1);
    expect(command.stderr).toContain('EXTENSION_CONFIG');
  });

  // Key and secret may stand in the file that fdk wrote here: the tests of the settings have them.
  test.each(['EXTENSION_BASE_URL', 'FP_API_DOMAIN', 'BACKEND_PORT', 'FRONTEND_PORT'])(
    '%s must be there',
    async (name) => {
      expect(await refused(dev, { ...(await devEnvironment()), [name]: '' })).toMatch(
        new RegExp(`^${name} is not set`),
      );
    },
  );

  test.each([
    ['EXTENSION_API_SECRET', 'CANARY with spaces'],
    ['EXTENSION_BASE_URL', 'http://extension.example.com'],
    ['EXTENSION_BASE_URL', 'https://extension.example.com/path'],
    ['FP_API_DOMAIN', 'http://api.example.com'],
    ['FP_API_DOMAIN', 'https://CANARY@api.example.com'],
    ['BACKEND_PORT', '3e3'],
  ])('%s may not be %j', async (name, value) => {
    expect(await refused(dev, { ...(await devEnvironment()), [name]: value })).toMatch(new RegExp(`^${name} `));
  });
});

describe('npm run dev in a folder where fdk was', () => {
  /** What it says before it ends, where its folder holds these files. */
  function runIn(files: Record<string, string>, environment: Record<string, string>): string {
    using folder = temporaryDirectory();
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder.path, name), text);
    const { status, stdout, stderr } = spawnSync(process.execPath, [resolve(dev)], {
      cwd: folder.path,
      env: { PATH: process.env['PATH'], TMPDIR: process.env['TMPDIR'], ...environment },
      encoding: 'utf8',
    });
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).not.toMatch(/ {4}at |CANARY/);
    return stderr;
  }
  const bare = { EXTENSION_BASE_URL: 'https://extension.example.com', FP_API_DOMAIN: 'api.example.com' };
  const context = (value: unknown) => ({ 'extension.context.json': JSON.stringify(value) });
  const written = { EXTENSION_API_KEY: 'CANARY-key', EXTENSION_API_SECRET: 'CANARY-secret' };

  test('takes key and secret from its file: only what comes next is missing', () => {
    expect(runIn({}, bare)).toMatch(/^EXTENSION_API_KEY is not set/);
    expect(runIn(context(written), bare)).toMatch(/^BACKEND_PORT is not set/);
  });

  test('prefers .env, and the environment to both', () => {
    const malformed = context({ ...written, EXTENSION_API_SECRET: 'CANARY of the file' });
    const env = 'EXTENSION_API_SECRET=CANARY-of-env';
    expect(runIn(malformed, bare)).toMatch(/^EXTENSION_API_SECRET in extension\.context\.json holds characters/);
    expect(runIn({ ...malformed, '.env': env }, bare)).toMatch(/^BACKEND_PORT is not set/);
    const blank = { ...malformed, '.env': 'EXTENSION_API_SECRET="CANARY of env"' };
    expect(runIn(blank, bare)).toMatch(/^EXTENSION_API_SECRET holds characters/);
    expect(runIn(blank, { ...bare, EXTENSION_API_SECRET: 'CANARY-own' })).toMatch(/^BACKEND_PORT is not set/);
  });

  test('ends with the name of a file that is no JSON', () => {
    expect(runIn({ 'extension.context.json': '{"EXTENSION_API_SECRET":"CANARY' }, bare)).toMatch(
      /^extension\.context\.json must be JSON[^\n]+\n$/,
    );
  });
});

test('fdk-cli finds what it runs', () => {
  const { roles, dev: command } = JSON.parse(readFileSync('fdk.ext.config.json', 'utf8')) as Record<string, unknown>;
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  expect(roles).toEqual(['backend', 'frontend']);
  expect(command).toBe('npm run dev');
  expect(scripts['dev']).toContain(dev);
  expect(existsSync(dev)).toBe(true);
});

test('npm start with HTTPS=1 speaks TLS too, shows the certificate’s fingerprint, and the platform trusts it', async () => {
  const { PORT, EXTENSION_PORT } = await ports();
  const folder = join(data.path, 'tls');
  await using command = runCommand(start, { PORT, EXTENSION_PORT, LOCAL_DATA_DIR: folder, HTTPS: '1' });
  await command.printed(new RegExp(`Serving https://localhost:${EXTENSION_PORT}`));
  const ca = readFileSync(join(folder, 'certificate.pem'), 'utf8');
  expect(await command.printed(/SHA-256/)).toContain(new X509Certificate(ca).fingerprint256);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const address = `https://localhost:${EXTENSION_PORT}/fp/install?company_id=1&client_id=x`;
    get(address, { ca }, resolve).on('error', reject);
  });
  answer.resume();
  expect(answer.statusCode).toBe(400);
  // Whoever trusts it once is not to be kept from plain HTTP on this machine.
  expect(answer.headers['strict-transport-security']).toBeUndefined();
  expect((await fetch(`http://localhost:${EXTENSION_PORT}/_healthz`)).status).toBe(200);
  const installed = await fetch(`http://127.0.0.1:${PORT}/__control/companies/1/auto-install`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  expect(await installed.json()).toMatchObject({ status: 200 });
});
