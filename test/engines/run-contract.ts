import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../infra/emulator/child.ts';
import { check } from '../../infra/emulator/failure.ts';
import { engineVariable, type GivenEngine } from '../shared/fixture/engine.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');

/** What an engine has to do for the store: the tests of `npm test`, unchanged. */
const contract = [
  'test/shared/store/installations.test.ts',
  'test/shared/store/offline-grants.test.ts',
  'test/shared/store/user-cache.test.ts',
  'test/shared/store/deliveries.test.ts',
  'test/shared/store/call-levels.test.ts',
  'test/engines/',
];

/**
 * Runs the store's contract on a DynamoDB that runs already; it makes tables of its own and removes them. `environment`
 * has the region and the credentials in the SDK's own variables.
 * @throws {Failure} where something does not hold.
 */
export async function runContract(engine: GivenEngine, environment: NodeJS.ProcessEnv): Promise<void> {
  for (const path of contract)
    check(existsSync(join(root, path)), `${path} is gone: mend test/engines/run-contract.ts.`);
  const { status } = await run(process.execPath, [vitest, 'run', '--project', 'parts', ...contract], {
    echo: true,
    env: { ...process.env, NO_COLOR: '1', ...environment, [engineVariable]: JSON.stringify(engine) },
  });
  check(status === 0, `The store's contract does not hold on ${engine.name}.`);
}
