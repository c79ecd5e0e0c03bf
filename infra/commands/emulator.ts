// npm run emulator: the author's own extension, deployed with the CDK CLI into an AWS account on this machine.
import { rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setInterval } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { variableOf } from '../../shared/own-variables.ts';
import { adoptStack, type DeployedStack } from '../emulator/account.ts';
import { run, stopAll } from '../emulator/child.ts';
import { installEmulator, isEmulatorInstalled, startEmulator } from '../emulator/emulator.ts';
import { Failure } from '../emulator/failure.ts';
import { openFrontDoor } from '../emulator/front-door.ts';
import { loadExtension } from '../load-extension.ts';
import { describeCertificate, makeCertificate } from '../local/host/certificate.ts';
import { openDataDirectory } from '../local/host/data-directory.ts';
import { writeDataFile } from '../local/host/data-file.ts';
import { openEnvironmentFile } from '../local/host/environment-file.ts';
import { claimPort, takePort } from '../local/host/listen.ts';
import { printLog } from '../local/host/print-log.ts';
import { emulatorSettings } from '../local/host/settings.ts';
import { StartError } from '../local/host/start-error.ts';
import { platformCredentials, startSimulatedPlatform } from '../local/simulated-platform.ts';
import { contextOf } from './aws-access.ts';
import { stackNameOf } from './deployed-stack.ts';
import { environmentLines, withoutAccount, withoutWhatIsElsewhere } from './emulator/author-environment.ts';
import { runUntilStopped } from './run-until-stopped.ts';
import { tellProgress } from './tell-progress.ts';

const usage = `npm run emulator [-- [--verbose]]

Deploys this extension, with npm run bootstrap, deploy and configure, into an AWS account that exists on this machine
alone (MiniStack), and keeps it until Ctrl-C. Each run begins with an empty account. IAM policies are enforced there.
Enter deploys again, after an edit.

  --verbose   shows what the CDK CLI says, not only when it fails

The platform is the simulated one, with its panel at PORT (3000), unless FP_API_DOMAIN names another: then
EXTENSION_API_KEY, EXTENSION_API_SECRET and EXTENSION_BASE_URL, which must lead to EXTENSION_PORT, are needed.
The extension is at EXTENSION_PORT (3001), the account at EMULATOR_PORT (4566). Needs Python 3.10 or newer: PYTHON names it.
The emulator is installed below LOCAL_DATA_DIR (.local) once. .env is read, as by npm start.`;

const watchMs = 2_000;

await runUntilStopped(async (defer, signal) => {
  const options = readArguments();
  if (options.help) {
    console.log(usage);
    return { ended: Promise.resolve(undefined) };
  }
  if (process.platform === 'win32')
    throw new StartError('The AWS emulator runs on Linux and macOS: on Windows, use WSL.');
  const startedAtMs = performance.now();
  openEnvironmentFile();
  const { platformPort, extensionPort, emulatorPort, isTls, dataDir, platform: given } = emulatorSettings(process.env);
  const certificate = isTls ? await makeCertificate() : undefined;
  const path = join(dataDir ?? '.local', 'emulator');
  const data = await openDataDirectory(path);
  if (data === undefined)
    throw new StartError(
      `An emulator runs in ${path} already: end it, or set LOCAL_DATA_DIR to another folder and name other ports.`,
    );
  defer(() => data.close());
  for (const port of [emulatorPort, ...(given === undefined ? [platformPort] : [])]) {
    const claim = await claimPort(port);
    defer(() => claim.release());
  }
  const port = await takePort(extensionPort, certificate);
  defer(() => port.close());
  // Absolute: the emulator's functions run elsewhere.
  const directory = resolve(path, 'run');
  const environmentFile = join(path, 'environment');
  const removeRun = () => {
    for (const file of [directory, environmentFile]) rmSync(file, { recursive: true, force: true, maxRetries: 3 });
  };
  removeRun();
  defer(removeRun);
  await mkdir(directory, { mode: 0o700 });
  // Functions are unpacked below it, and are no modules of this project, whose package.json would be the nearest.
  writeFileSync(join(directory, 'package.json'), '{}');
  defer(stopAll);

  const cluster = given?.cluster ?? `http://127.0.0.1:${platformPort.port}`;
  // On this machine no stage counts.
  delete process.env['EXTENSION_STAGE'];
  const extension = await loadExtension({ ...process.env, FP_API_DOMAIN: cluster });
  const name = stackNameOf(extension);
  const configFile = withoutWhatIsElsewhere(extension, directory);
  const venv = process.env['EMULATOR_VENV'] || join(path, 'venv');
  const python = (await isEmulatorInstalled(venv))
    ? await installEmulator(venv)
    : await tellProgress(`Installing the AWS emulator in ${venv} (once, about a minute)`, () =>
        installEmulator(venv, signal).catch(tellAll),
      );

  const baseUrl = given?.baseUrl ?? `${isTls ? 'https' : 'http'}://localhost:${extensionPort.port}`;
  const credentials = given ?? platformCredentials(directory);
  const emulator = await tellProgress('Starting it, with an empty account', () =>
    startEmulator(
      python,
      directory,
      { FP_API_DOMAIN: cluster, EXTENSION_BASE_URL: baseUrl, ...(configFile && { EXTENSION_CONFIG: configFile }) },
      { port: emulatorPort.port, region: contextOf('region') ?? process.env['AWS_REGION'] ?? undefined, signal },
    ).catch(tellAll),
  );
  defer(() => emulator.close());
  let deployed: DeployedStack | undefined;
  const door = openFrontDoor(emulator, () => deployed?.apiId);
  defer(() => door.close());
  if (certificate) writeDataFile(join(directory, 'tls.pem'), certificate.cert);
  const platform =
    given === undefined
      ? await tellProgress('Starting the simulated platform', () =>
          startSimulatedPlatform({
            ...credentials,
            port: platformPort.port,
            baseUrl,
            stateFile: join(directory, 'simulated-platform-state.json'),
            trusted: certificate && join(directory, 'tls.pem'),
            unlisted: extension.unlisted,
            region: extension.region,
            log: printLog({ json: false }),
            signal,
          }),
        )
      : undefined;
  defer(() => platform?.close());

  const npm = (command: string, args: readonly string[] = [], more: NodeJS.ProcessEnv = {}) =>
    tellProgress(`npm run ${command}`, async () => {
      const { status, output } = await run('npm', ['run', '--silent', command, '--', ...args], {
        env: { ...withoutAccount(process.env), ...emulator.environment, ...more },
        echo: options.verbose,
        signal,
      });
      if (status !== 0) throw new Failure(`npm run ${command} ended with status ${status}.`, output);
    });
  const adopt = async () => {
    deployed = (await adoptStack(emulator.aws, name, deployed?.deployment)) ?? deployed;
  };
  const deploy = async () => {
    // What cdk.json says of an address is about another deployment.
    const address = ['-c', `EXTENSION_BASE_URL=${baseUrl}`];
    await npm('deploy', ['--require-approval', 'never', '--output', join(directory, 'cdk.out'), ...address]);
    await adopt();
  };
  try {
    await npm('bootstrap');
    await deploy();
    await npm('configure', ['--stack', name], {
      EXTENSION_API_KEY: credentials.apiKey,
      EXTENSION_API_SECRET: credentials.apiSecret,
    });
  } catch (error) {
    tellAll(error);
  }
  const unset = Object.keys(extension.secrets).filter((secret) => !process.env[variableOf(secret)]?.trim());
  if (unset.length > 0) {
    console.log(`No value is stored for ${unset.join(', ')}: name it in .env (${unset.map(variableOf).join(', ')}).`);
  }
  port.serve(door.listener);
  writeDataFile(environmentFile, environmentLines(emulator));
  console.log(`
  Open    ${platform === undefined ? `the partner panel of ${cluster}` : `${platform.url}   and click Install: the simulated admin panel`}
  Serving ${baseUrl}   ${name} in ${emulator.environment['AWS_REGION']}${given === undefined ? '' : `, on http://localhost:${extensionPort.port}`}
  AWS     ${emulator.endpoint}   in another terminal: source ${environmentFile}
          then npm run doctor, npm run companies -- list, aws logs … are about it
${describeCertificate(certificate)}
  After ${((performance.now() - startedAtMs) / 1000).toFixed(0)} s. Enter deploys again; Ctrl-C ends all, and leaves nothing but the emulator's program.
`);

  const redeploying = async () => {
    for await (const _line of createInterface({ input: process.stdin })) {
      try {
        await deploy();
        console.log('  It serves what was deployed now.');
      } catch (error) {
        // What was deployed before goes on.
        if (!signal.aborted) console.error(sentenceOf(error));
      }
    }
  };
  // Somebody may deploy from another terminal, too.
  const adopting = async () => {
    for await (const _tick of setInterval(watchMs, undefined, { signal })) await adopt().catch(() => undefined);
  };
  redeploying().catch(() => undefined);
  adopting().catch(() => undefined);
  return { ended: Promise.race([emulator.ended, ...(platform === undefined ? [] : [platform.ended])]) };
});

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        verbose: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    return values;
  } catch {
    throw new StartError(usage);
  }
}

/** What a program said that failed comes first, then the sentence. */
function tellAll(error: unknown): never {
  if (!(error instanceof Failure)) throw error;
  throw new StartError(sentenceOf(error), { cause: error });
}

function sentenceOf(error: unknown): string {
  if (!(error instanceof Failure)) return (error as Error).message;
  return error.output ? `${error.output.trimEnd()}\n\n${error.message}` : error.message;
}
