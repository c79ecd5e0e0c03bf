import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CfnResource, Stack } from 'aws-cdk-lib';
import type { CfnFunction, Function } from 'aws-cdk-lib/aws-lambda';
import { ConfigurationError, type Extension } from '../../shared/config.ts';
import { StartError } from '../local/host/start-error.ts';
import { physicalIds } from '../local/template/physical-ids.ts';
import { resolveText } from '../local/template/resolve-value.ts';
import { type Bundle, type Bundles, bundle } from './bundle.ts';
import { type ConfiguredHandler, handlersIn } from './configured-handlers.ts';

type Environment = Readonly<Record<string, string>>;

/** What ended a bundle's loading: a sentence, or a few words for one. */
interface Wrong {
  readonly isSentence: boolean;
  readonly words: string;
}

/** As Lambda allows, on a machine that does other things, too. */
const loadingSeconds = 30;
const maxProcesses = 4;
const program = fileURLToPath(new URL('./load-bundle.cjs', import.meta.url));

/**
 * Loads every bundle that holds code of the author's, each in a process of its own with only its function's environment:
 * what would keep it from starting on Lambda, or has no business there, is found before anything is deployed.
 * @throws {ConfigurationError} with a sentence for each bundle, which names the field and the file.
 */
export async function loadBundles(options: {
  readonly extension: Extension;
  readonly bundles: Bundles;
  readonly environmentOf: (entry: string) => Environment;
}): Promise<void> {
  const { extension, bundles, environmentOf } = options;
  const waiting = [...bundles].entries();
  const sentences: string[] = [];
  const loadWaiting = async () => {
    for (const [index, [entry, made]] of waiting) {
      const handlers = handlersIn(extension, entry);
      const wrong = handlers.length > 0 ? await load(made, environmentOf(entry)) : undefined;
      if (wrong?.isSentence) sentences[index] = wrong.words;
      else if (wrong) {
        const culprit = await findCulprit(extension, handlers, made, environmentOf(entry));
        sentences[index] = `${culprit?.place ?? entry}${culprit ? ', which' : ''} cannot be loaded (${wrong.words}).`;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), maxProcesses) }, loadWaiting));
  const found = sentences.filter((sentence) => sentence !== undefined);
  if (found.length > 0) throw new ConfigurationError(found.join('\n'));
}

/** Which of a bundle's handlers cannot be loaded by itself: the bundle does not tell. */
async function findCulprit(
  extension: Extension,
  handlers: readonly ConfiguredHandler[],
  { directory }: Bundle,
  environment: Environment,
): Promise<ConfiguredHandler | undefined> {
  if (new Set(handlers.map(({ file }) => file)).size === 1) return handlers[0];
  const entries = handlers.map(({ file }) => file);
  const alone = await bundle({ extension, entries: [...new Set(entries)], directory: `${directory}-alone` });
  for (const handler of handlers) {
    const made = alone.get(handler.file);
    if (made && (await load(made, environment))) return handler;
  }
  return undefined;
}

async function load({ directory }: Bundle, environment: Environment): Promise<Wrong | undefined> {
  const child = fork(program, [join(directory, 'index.js')], {
    env: environment,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const kill = () => child.kill('SIGKILL');
  process.on('exit', kill);
  const timer = setTimeout(kill, loadingSeconds * 1000);
  let said: { readonly wrong?: { readonly name?: string; readonly message: string } } | undefined;
  child.once('message', (message: typeof said) => (said = message));
  const signal = await new Promise((resolve) => child.once('close', (_code, signal) => resolve(signal)));
  clearTimeout(timer);
  process.off('exit', kill);
  if (said === undefined) {
    const words = signal === null ? 'it ends the process' : `it took more than ${loadingSeconds} seconds`;
    return { isSentence: false, words };
  }
  if (said.wrong === undefined) return undefined;
  const { name, message } = said.wrong;
  if (name === 'ConfigurationError') return { isSentence: true, words: message };
  return { isSentence: false, words: [name, message.split('\n')[0]].filter(Boolean).join(': ') };
}

/**
 * What a function's `process.env` will hold, but for credentials: the variables of the stack, with likely values where
 * deploying makes them, and those of Lambda that code may read while it loads.
 */
export function environmentOf(fn: Function): Environment {
  const stack = Stack.of(fn);
  const resources = Object.fromEntries(
    stack.node
      .findAll()
      .filter(CfnResource.isCfnResource)
      .map((resource) => [String(stack.resolve(resource.logicalId)), { Type: resource.cfnResourceType }]),
  );
  const ids = physicalIds(resources, { suffix: 'x', sqsEndpoint: `https://sqs.${stack.region}.amazonaws.com` });
  const references = {
    ref: (name: string) => ids.ref(name) ?? name,
    attribute: (logicalId: string, attribute: string) => ids.attribute(logicalId, attribute) ?? attribute,
  };
  const valueOf = (name: string, value: unknown): string => {
    try {
      return resolveText(value, name, references);
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      return name;
    }
  };
  const { variables = {} } = (stack.resolve((fn.node.defaultChild as CfnFunction).environment) ?? {}) as {
    variables?: Readonly<Record<string, unknown>>;
  };
  return {
    ...Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, valueOf(name, value)])),
    AWS_REGION: stack.region,
    AWS_DEFAULT_REGION: stack.region,
    AWS_LAMBDA_FUNCTION_NAME: fn.node.path,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    TZ: 'UTC',
  };
}
