import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../infra/emulator/child.ts';
import { check } from '../../infra/emulator/failure.ts';
import { resolvesLocalhost } from '../../infra/emulator/resolve-localhost.ts';
import type { World } from '../start-world.ts';
import { flowDifferences } from './differences.ts';

const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));

/**
 * The flow suite of `npm test`, against the deployed stack: everything passes but the tests that differences.ts names,
 * each of which is run as well and has to fail.
 */
export async function runFlow(world: World, certificateFile: string, directory: string): Promise<void> {
  const names = flowDifferences.map(({ what }) => literally(what)).join('|');
  const rest = await suite(world, certificateFile, ['--testNamePattern', `^(?!(?:${names})$)`], true);
  check(rest.status === 0, 'The flow suite fails against the deployed stack.');
  const outputFile = join(directory, 'known-differences.json');
  const reporting = ['--reporter', 'json', '--outputFile', outputFile];
  const known = await suite(world, certificateFile, ['--testNamePattern', `^(?:${names})$`, ...reporting], false);
  const report = JSON.parse(await readFile(outputFile, 'utf8')) as Report;
  const results = new Map(
    report.testResults.flatMap((file) =>
      file.assertionResults.map((test) => [[...test.ancestorTitles, test.title].join(' > '), test.status] as const),
    ),
  );
  for (const { what, because } of flowDifferences) {
    check(
      results.get(what) === 'failed',
      `«${what}» no longer fails there: take it out of test/aws/differences.ts.`,
      known.output,
    );
    console.log(`    known to fail: ${what}. ${because}`);
  }
}

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[];
      readonly title: string;
      readonly status: string;
    }[];
  }[];
}

async function suite(
  world: World,
  certificateFile: string,
  options: string[],
  echo: boolean,
): Promise<{ status: number; output: string }> {
  return await run(process.execPath, [vitest, 'run', '--project', 'flow', '--no-cache', ...options], {
    echo,
    env: {
      ...process.env,
      FORCE_COLOR: undefined,
      NO_COLOR: '1',
      NODE_OPTIONS: resolvesLocalhost,
      NODE_EXTRA_CA_CERTS: certificateFile,
      FLOW_BASE_URL: world.baseUrl,
      FLOW_PLATFORM_URL: world.platformUrl,
      FLOW_API_KEY: world.apiKey,
    },
  });
}

function literally(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
