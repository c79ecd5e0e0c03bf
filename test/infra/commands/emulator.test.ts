import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openDataDirectory } from '../../../infra/local/host/data-directory.ts';
import { findFreePort } from '../../../infra/local/host/listen.ts';
import { runCommand } from '../local/fixture/run-command.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'emulator-'));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

/** Whatever keeps it from starting comes before Python is even looked for, which here there is none of. */
async function run(environment: Record<string, string> = {}, args: readonly string[] = []) {
  const [platform, extension, account] = [await findFreePort(), await findFreePort(), await findFreePort()];
  await using running = runCommand(
    'infra/commands/emulator.ts',
    {
      LOCAL_DATA_DIR: dataDir,
      PORT: String(platform),
      EXTENSION_PORT: String(extension),
      EMULATOR_PORT: String(account),
      EXTENSION_CONFIG: 'test/extension/extension.config.ts',
      PYTHON: join(dataDir, 'no-python'),
      ...environment,
    },
    args,
  );
  return { status: await running.exited, output: running.output, stderr: running.stderr };
}

// MiniStack runs on neither.
describe.skipIf(process.platform === 'win32')('npm run emulator', () => {
  test('needs Python, and says which; nothing of the attempt stays', async () => {
    const { status, stderr } = await run();
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^Python 3\.10 or newer .* is needed .* PYTHON names/)]);
    expect(existsSync(join(dataDir, 'emulator', 'run'))).toBe(false);
    const old = join(dataDir, 'python');
    const { stderr: tooOld } = await run({ PYTHON: '/bin/false', LOCAL_DATA_DIR: old });
    expect(tooOld).toMatch(/^Python 3\.10 or newer/);
  });

  test('started twice, the second one says so', async () => {
    const data = await openDataDirectory(join(dataDir, 'emulator'));
    try {
      const { status, stderr } = await run();
      expect([status, stderr]).toEqual([1, expect.stringMatching(/^An emulator runs in .*emulator already: end it/)]);
    } finally {
      data?.close();
    }
  });

  test('a port that is in use is told by its variable', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    try {
      const { stderr } = await run({ EMULATOR_PORT: String(port) });
      expect(stderr).toMatch(new RegExp(`^Port ${port} \\(EMULATOR_PORT\\) is in use`));
    } finally {
      server.close();
    }
  });

  test('a platform of Fynd’s needs key, secret and an address that it reaches; an option that there is not, the usage', async () => {
    const { status, stderr } = await run({ FP_API_DOMAIN: 'api.fynd.com', EXTENSION_API_KEY: 'k' });
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^EXTENSION_\w+ is not set\./)]);
    expect((await run({}, ['--what'])).stderr).toMatch(/^npm run emulator/);
    const help = await run({}, ['--help']);
    expect([help.status, help.output]).toEqual([0, expect.stringMatching(/^npm run emulator/)]);
  });
});
