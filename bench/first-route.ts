// node infra/run.mjs bench/first-route.ts: from a clone to a first route of one's own that answers a signed-in person.
// As a person's: the packages come from npm's registry, or its cache. --installed links those that are here.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from '../infra/local/host/listen.ts';
import { platformCredentials } from '../infra/local/simulated-platform.ts';
import { Browser } from '../test/flow/browser.ts';

const isInstalled = process.argv.includes('--installed');
const folder = mkdtempSync(join(tmpdir(), 'first-route-'));
const project = join(folder, 'extension');
const dataDir = join(folder, 'data');
const [platformPort, extensionPort] = [await findFreePort(), await findFreePort()];
const begunAt = performance.now();
let lastAt = begunAt;
let npm: ChildProcess | undefined;

function tell(what: string): void {
  const now = performance.now();
  console.log(`${what.padEnd(52)}${((now - lastAt) / 1000).toFixed(1)} s`);
  lastAt = now;
}

/** Resolves when the program has printed it; goes on reading, so that it can go on printing. */
async function printed(program: ChildProcess, pattern: RegExp): Promise<void> {
  let text = '';
  await new Promise<void>((resolve, reject) => {
    program.stdout?.on('data', (chunk) => pattern.test((text += String(chunk))) && resolve());
    program.once('exit', () => reject(new Error(`npm start ended:\n${text}`)));
  });
}

try {
  execFileSync('git', ['clone', '--quiet', process.cwd(), project]);
  tell('git clone');
  if (isInstalled) {
    execFileSync('cp', ['-al', 'node_modules', project]);
    tell('linking the packages that are here');
  }
  npm = spawn('npm', ['start'], {
    cwd: project,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PORT: `${platformPort}`, EXTENSION_PORT: `${extensionPort}`, LOCAL_DATA_DIR: dataDir },
  });
  await printed(npm, /Ctrl-C ends/);
  tell(`npm start, until it serves${isInstalled ? '' : ', packages included'}`);
  const browser = new Browser({
    baseUrl: `http://localhost:${extensionPort}`,
    platformUrl: `http://127.0.0.1:${platformPort}`,
    apiKey: platformCredentials(dataDir).apiKey,
  });
  await browser.signIn(1);
  tell('signing in, which installs the extension');
  writeFileSync(
    join(project, 'functions/app/hello.ts'),
    "import { api } from '../runtime/api.ts';\n\nexport const handler = api(({ user }) => Promise.resolve({ hello: user.name }));\n",
  );
  const file = join(project, 'extension.config.ts');
  const route = "  api: {\n    'GET /api/hello': './functions/app/hello.ts',";
  writeFileSync(file, readFileSync(file, 'utf8').replace('  api: {', route));
  while ((await browser.fetch('/api/hello')).status !== 200) await new Promise((next) => setTimeout(next, 100));
  tell('a route of one’s own: saved, until it answers');
  lastAt = begunAt;
  tell('together, without the time to type');
} finally {
  // The group: npm does not hand every signal on.
  if (npm?.pid !== undefined) {
    process.kill(-npm.pid, 'SIGINT');
    await new Promise((resolve) => npm?.once('exit', resolve));
  }
  rmSync(folder, { recursive: true, force: true });
}
