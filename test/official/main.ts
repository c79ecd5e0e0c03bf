// npm run test:official: Fynd's own libraries, unchanged, against the simulated platform. They come from the registry.
//   TEST_OFFICIAL_CACHE   where they stay between runs (default: .local/official)
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../infra/emulator/child.ts';
import { check } from '../../infra/emulator/failure.ts';
import { phase, runProgram, skip } from '../program.ts';
import { installOfficialLibraries } from './install.ts';

const { env } = process;
const root = fileURLToPath(new URL('../..', import.meta.url));

async function testOfficial(): Promise<void> {
  const directory = resolve(env['TEST_OFFICIAL_CACHE'] || join(root, '.local', 'official'));
  const missing = await phase('Fetching the libraries, unless they are there', () =>
    installOfficialLibraries(directory),
  );
  if (missing !== undefined) {
    skip('The official libraries', missing);
    return;
  }
  await phase('Running them against the simulated platform', async () => {
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const { status } = await run(process.execPath, [vitest, 'run', '--config', 'test/official/vitest.config.ts'], {
      echo: true,
      env: { ...env, TEST_OFFICIAL_CACHE: directory },
    });
    check(status === 0, 'The simulated platform is not to the official libraries what Fynd’s is.');
  });
}

await runProgram(testOfficial, 'The official libraries find at the simulated platform what they expect.');
