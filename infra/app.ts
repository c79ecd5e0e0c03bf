import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { ConfigurationError } from '../shared/config.ts';
import { bundle } from './bundle/bundle.ts';
import { writeBundleList } from './bundle/bundle-list.ts';
import { writeEdgeFiles } from './bundle/edge-files.ts';
import { environmentOf, loadBundles } from './bundle/load-bundles.ts';
import { ExtensionStack } from './extension-stack.ts';
import { firewallRegion } from './firewall-region.ts';
import { entriesOf } from './functions.ts';
import { loadExtension } from './load-extension.ts';
import { loadOwnResources } from './load-own-resources.ts';
import { questionsAbout } from './questions.ts';
import { FirewallStack } from './resources/firewall.ts';
import { sourceMapFolder } from './source-maps/build.ts';
import { stackDescription, stackName } from './stack-name.ts';
import { baseUrlOf } from './stage.ts';

/** `node infra/app.ts` writes the cloud assembly to `CDK_OUTDIR` (default `cdk.out`), with the CDK CLI or without. */
async function synthesize(): Promise<void> {
  const extension = await loadExtension();
  const { stage, stageNames } = extension;
  // `npm run synth` says that it means none; the CDK CLI alone says nothing.
  if (process.env.EXTENSION_STAGE === undefined && stageNames.length > 0 && process.env.CDK_CLI_VERSION !== undefined) {
    throw new ConfigurationError(`No stage is chosen: set EXTENSION_STAGE to one of ${stageNames.join(', ')}.`);
  }
  const directory = mkdtempSync(join(tmpdir(), 'extension-bundles-'));
  // However it ends: Ctrl-C, too, which would end it without a word.
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
  const bundles = await bundle({ extension, entries: entriesOf(extension), directory });
  const app = new App({
    outdir: process.env.CDK_OUTDIR ?? 'cdk.out',
    autoSynth: false,
    analyticsReporting: false,
    // CloudFormation never sees what is synthesized without the CLI, as `npm start` does: judging it takes longer
    // than all else together.
    builtinCloudFormationValidation: process.env.CDK_CLI_VERSION !== undefined,
    // The feature flags, which only the CLI would read otherwise. What the CLI hands over wins.
    context: JSON.parse(readFileSync('cdk.json', 'utf8')).context,
  });
  const name = stackName(extension, app.node.tryGetContext('stackName'));
  const account = stage?.account ?? process.env.CDK_DEFAULT_ACCOUNT;
  // This machine has no CloudFront: what is synthesized without the CLI answers by itself.
  const isAtEdge = extension.edge && process.env.CDK_CLI_VERSION !== undefined;
  const stack = new ExtensionStack(app, 'Extension', {
    stackName: name,
    description: stackDescription(extension.name),
    env: {
      ...(account && { account }),
      // A table with a key of our own wants its region named: one is assumed where nothing names it, which
      // infra/commands/cdk.ts refuses to deploy.
      region:
        stage?.region ||
        app.node.tryGetContext('region') ||
        process.env.CDK_DEFAULT_REGION ||
        process.env.AWS_REGION ||
        'ap-south-1',
    },
    extension,
    bundles,
    edge: isAtEdge
      ? {
          firewallArn: new FirewallStack(app, 'Firewall', {
            stackName: `${name}-firewall`,
            description: `${extension.name}: what keeps single addresses from asking too much.`,
            env: { ...(account && { account }), region: firewallRegion },
            extension,
          }).arn,
          files: writeEdgeFiles(extension, directory),
        }
      : undefined,
    baseUrl: baseUrlOf(extension, app.node.tryGetContext('EXTENSION_BASE_URL') ?? process.env.EXTENSION_BASE_URL),
  });
  (await loadOwnResources(extension.resources))?.({
    stack,
    functions: stack.functions,
    worker: stack.worker,
    live: stack.live,
    api: stack.api,
    extension,
  });
  for (const route of stack.api.publicRoutes) {
    console.error(
      `${extension.resources?.replace(/^\.\//, '')}: ${route} is public: anybody reaches it, and nothing of the extension asks who.`,
    );
  }
  await loadBundles({
    extension,
    bundles,
    environmentOf: (entry) => {
      const fn = stack.functionsByEntry.get(entry);
      return fn === undefined ? {} : environmentOf(fn);
    },
  });
  const { directory: assembly } = app.synth();
  // Beside the assets, not in them: for `npm run trace` and for who debugs here.
  cpSync(join(directory, sourceMapFolder), join(assembly, sourceMapFolder), { recursive: true });
  writeBundleList(assembly, extension, bundles);
  for (const question of questionsAbout(extension, process.env.EXTENSION_CONFIG || 'extension.config.ts')) {
    console.error(question);
  }
}

try {
  await synthesize();
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
