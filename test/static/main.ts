// npm run test:static: what can be said of the synthesized stack without deploying it, by AWS's own tools and others'.
//   TEST_STATIC_CACHE   where the tools stay between runs (default: nowhere, they are installed each time)
//   PYTHON              Python 3.10 or newer (default: python3)
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../infra/emulator/child.ts';
import { check } from '../../infra/emulator/failure.ts';
import { atEnd, phase, runProgram, skip } from '../program.ts';
import { installActionlint, lintWorkflows } from './actionlint.ts';
import { lint, scan, validate } from './judge-template.ts';
import { compareEvents } from './official-events.ts';
import { installPythonTools } from './python-tools.ts';
import { installRuntimeClient, missingForRuntime } from './runtime.ts';
import { breakBundles, fillAnswers, smoke } from './smoke.ts';

const { env } = process;

async function testStatically(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'test-static-'));
  atEnd(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }));
  const cache = env['TEST_STATIC_CACHE'] ? resolve(env['TEST_STATIC_CACHE']) : directory;
  const assembly = join(directory, 'cdk.out');
  const template = join(assembly, 'Extension.template.json');

  const missing = await missingForRuntime();
  if (missing !== undefined) skip('The bundles under AWS’s own runtime', missing);
  const [tools, actionlint, client] = await phase('Installing what checks, unless it is there', () =>
    Promise.all([
      installPythonTools(cache),
      installActionlint(cache),
      missing === undefined ? installRuntimeClient(cache) : undefined,
    ]),
  );
  await phase('GitHub takes the workflows (actionlint)', () => lintWorkflows(actionlint, directory));
  await phase('Synthesizing the stack', () => synthesize(assembly));
  await phase('cfn-lint finds nothing that is not acknowledged', async () => {
    console.log(`    ${await lint(tools, template, directory)} acknowledged`);
  });
  await phase('sam validate takes the template', () => validate(tools, template, directory));
  await phase('checkov finds nothing that is not acknowledged', async () => {
    console.log(`    ${await scan(tools, template, directory)} acknowledged`);
  });
  await phase('So it is with CloudFront in front', async () => {
    const edge = join(directory, 'edge.out');
    await synthesize(edge, { EXTENSION_CONFIG: 'test/static/fixture/edge.extension.config.ts' });
    for (const name of ['Extension', 'Firewall']) {
      const path = join(edge, `${name}.template.json`);
      console.log(
        `    ${name}: ${(await lint(tools, path, directory)) + (await scan(tools, path, directory))} acknowledged`,
      );
    }
  });
  await phase('So it is with all that a stage may say, gradual deployments included', async () => {
    const staged = join(directory, 'staged.out');
    const stage = { EXTENSION_CONFIG: 'test/static/fixture/stage.extension.config.ts', EXTENSION_STAGE: 'prod' };
    await synthesize(staged, { ...stage, AWS_REGION: 'ap-south-1' });
    const path = join(staged, 'Extension.template.json');
    console.log(`    ${(await lint(tools, path, directory)) + (await scan(tools, path, directory))} acknowledged`);
  });
  await phase('The tests’ events are of the shape of AWS’s', () => compareEvents(tools, directory));
  if (client === undefined) return;

  const runtime = { emulator: tools.runtimeEmulator, client };
  await phase('Every bundle starts and answers under AWS’s runtime', () => smoke(runtime, assembly));
  await phase('A broken bundle is reported', () => breakBundles(runtime, assembly, directory));
  await phase('Answers stay below 6 MB', () => fillAnswers(runtime, directory));
}

/** As `npm run synth` does, without an account, into a folder of its own: the tests' extension, or that which is named. */
async function synthesize(outputDirectory: string, changed: NodeJS.ProcessEnv = {}): Promise<void> {
  const cli = fileURLToPath(new URL('../../node_modules/aws-cdk/bin/cdk', import.meta.url));
  const { status, output } = await run(process.execPath, [cli, 'synth', '--quiet', '--output', outputDirectory], {
    env: { EXTENSION_CONFIG: 'test/extension/extension.config.ts', ...env, ...changed },
  });
  check(status === 0, 'The stack could not be synthesized.', output);
}

await runProgram(testStatically, 'Nothing speaks against deploying this.');
