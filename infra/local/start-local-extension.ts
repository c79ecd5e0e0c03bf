import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { environment } from '../../shared/contract.ts';
import { secretIdPrefix } from '../../shared/own-variables.ts';
import { type OnDynamoDbConsumed, type OnDynamoDbRequest, startDynamoDb } from './dynamodb/dynamodb.ts';
import { createTables } from './dynamodb/tables.ts';
import { type AccessKey, makeAccessKey } from './host/access.ts';
import { assemblyDirectory, type DataDirectory, openDataDirectory } from './host/data-directory.ts';
import { findFreePort, type TakenPort, takePort } from './host/listen.ts';
import { formatLogEntry, type Log, shortName } from './host/log-entry.ts';
import { StartError } from './host/start-error.ts';
import { frontDoor } from './http-api/front-door.ts';
import { openPageReload } from './http-api/page-reload.ts';
import { idleInstances } from './lambda/idle-instances.ts';
import { accountId } from './lambda/lambda-environment.ts';
import { openFunction } from './lambda/open-function.ts';
import { openInspector } from './lambda/open-inspector.ts';
import { serveFunctions } from './lambda/served-functions.ts';
import { startQueue } from './lambda/start-queue.ts';
import { announceRunning, describeRunning } from './running-extension.ts';
import { openSecretStore } from './secrets/secret-store.ts';
import { startSecretsManager } from './secrets/secrets-manager.ts';
import { sendScheduled } from './send-scheduled.ts';
import { openMessageJournal } from './sqs/message-journal.ts';
import { type MessageCounts, serveQueues } from './sqs/serve-queues.ts';
import { startSqs } from './sqs/sqs.ts';
import { physicalIds } from './template/physical-ids.ts';
import { readAssembly } from './template/read-assembly.ts';
import { readStack, type Stack } from './template/read-stack.ts';
import { synthesize } from './template/synthesize.ts';

export interface LocalExtensionOptions {
  readonly apiKey: string;
  readonly apiSecret: string;
  /** Origin of the platform's API. */
  readonly cluster: string;
  /** Where it listens, on both loopback addresses. 0: a free one. Or ports that are listened on; the first counts. */
  readonly port: number | readonly TakenPort[];
  /** Origin as browsers see it. Default `http://localhost:{port}`. */
  readonly baseUrl?: string | undefined;
  /** A folder to take for this run, or one that the caller has taken and will close. */
  readonly dataDir: string | DataDirectory;
  /** Default `extension.config.ts`. */
  readonly configFile?: string | undefined;
  /** The file of fdk-cli whose program serves the front end: then it need not be built. */
  readonly frontendElsewhere?: string | undefined;
  /** The CDK app. Default `infra/app.ts`. */
  readonly app?: string | undefined;
  readonly log?: Log | undefined;
  /** Told of what the functions (and tests) ask of DynamoDB, not of what starting does. */
  readonly onDynamoDbRequest?: OnDynamoDbRequest | undefined;
  /** Told of the capacity units that each of these used. */
  readonly onDynamoDbConsumed?: OnDynamoDbConsumed | undefined;
  /** How long a message that failed waits at most until it comes again. Default 5; Infinity: as long as on AWS. */
  readonly longestRetrySeconds?: number | undefined;
  /** A failure tells a browser on this machine what went wrong, and where. Default false: as it is deployed. */
  readonly showsErrors?: boolean | undefined;
  /** Pages that are open reload when something was replaced. Default false: as it is deployed. */
  readonly reloadsPages?: boolean | undefined;
  /** Instances read a secret again as late as on AWS, not as soon as it is put. Default false. */
  readonly readsSecretsLate?: boolean | undefined;
  /** Where a debugger finds the functions, which wait for it as long as it likes. Default: nowhere. */
  readonly inspectPort?: number | undefined;
  /** Gives up starting. */
  readonly signal?: AbortSignal | undefined;
}

export interface LocalExtension {
  /** Of its data. */
  readonly directory: string;
  /** The folder of the cloud assembly that is served now. */
  assembly(): string;
  /**
   * Serves other code in functions, by their labels; what is under way is finished with the old one.
   * @param mustStart whether an instance must have started before.
   * @throws {StartError} where one does not start: then the old code serves, all of it.
   */
  replaceCode(bundles: ReadonlyMap<string, CodeLocation>, mustStart: (label: string) => boolean): Promise<void>;
  /**
   * Runs the CDK app again and serves what it makes; tables, secrets and queues keep what they hold.
   * @throws {StartError} with what the app said: then the old stack serves.
   */
  synthesizeAgain(): Promise<void>;
  /** Open pages load again, e.g. since a front end was built. Nothing where `reloadsPages` is not set. */
  reloadPages(): void;
  readonly baseUrl: string;
  /** Where it listens. */
  readonly ports: readonly number[];
  readonly dynamoDbEndpoint: string;
  readonly secretsEndpoint: string;
  /** What these endpoints demand: another key in each run. */
  readonly credentials: AccessKey;
  /** Physical names by logical id. */
  readonly tableNames: Readonly<Record<string, string>>;
  /** Physical names by the environment variable that hands them to functions, e.g. `INSTALLATIONS_TABLE`. */
  readonly resourceNames: Readonly<Record<string, string>>;
  readonly sqsEndpoint: string;
  /** URLs by logical id. */
  readonly queues: Readonly<Record<string, string>>;
  countMessages(): Promise<MessageCounts>;
  /** Settles when no message waits for a function and no function has one; what waits to be tried again counts. */
  idle(): Promise<void>;
  /** Names of the schedules that can be run. */
  readonly schedules: readonly string[];
  /** Sends what the schedule of this name sends when it is due. */
  runSchedule(name: string): Promise<void>;
  /**
   * Kills an instance of the function, named as in the logs, in the middle of an event, as a machine that fails does.
   * Answers the event, as JSON; undefined where no instance has one. `random` in [0, 1) chooses the instance.
   */
  killInstance(functionName: string, random: number): string | undefined;
  /** New instances from now on, of all functions or of those with these labels, as after fifteen minutes on AWS: they read secrets anew. */
  startAnew(labels?: readonly string[]): void;
  /** Every line so far: of functions and of the gateway. */
  logs(): string[];
  close(): Promise<void>;
}

/** A bundle and its source map. */
export interface CodeLocation {
  readonly directory: string;
  readonly sourceMap: string | undefined;
}

const longestRetrySeconds = 5;
const inspectedSeconds = 24 * 3600;

/**
 * Synthesizes the stack and serves it: routes, environment, timeouts and memory are the template's.
 * @throws {StartError} with a sentence that says what to mend.
 */
export async function startLocalExtension(options: LocalExtensionOptions): Promise<LocalExtension> {
  // Lambda's clock is UTC; threads share the time zone of their process.
  process.env['TZ'] = 'UTC';
  const lines: string[] = [];
  const log: Log = (entry) => {
    lines.push(formatLogEntry(entry));
    options.log?.(entry);
  };
  const warned = new Set<string>();
  const warn = (sentence: string) => {
    if (!warned.has(sentence)) log({ kind: 'note', text: sentence });
    warned.add(sentence);
  };
  // What was opened is closed in the opposite order, also when a later step fails.
  const closers: (() => unknown)[] = [];
  const close = async () => {
    for (let closer = closers.pop(); closer; closer = closers.pop()) await closer();
  };
  try {
    if (options.inspectPort !== undefined) closers.push(openInspector(options.inspectPort));
    const ports = typeof options.port === 'number' ? [await listenOn(options.port)] : options.port;
    const closePorts = () => Promise.all(ports.map((port) => port.close()));
    closers.push(closePorts);
    const baseUrl = options.baseUrl ?? `http://localhost:${ports[0]?.port}`;
    const data = typeof options.dataDir === 'string' ? await takeDirectory(options.dataDir) : options.dataDir;
    if (data !== options.dataDir) closers.push(() => data.close());

    let outputDirectory = assemblyDirectory(data);
    let assemblies = 0;
    closers.push(() => rmSync(outputDirectory, { recursive: true, force: true }));
    const { app, cluster, configFile, frontendElsewhere, signal } = options;
    const dynamoDirectory = join(data.path, 'dynamodb');
    const synthesis = synthesize({ app, outputDirectory, baseUrl, cluster, configFile, frontendElsewhere, signal });
    synthesis.catch(() => undefined);
    let serving = false;
    const observe: OnDynamoDbRequest = (...request) => {
      if (serving) options.onDynamoDbRequest?.(...request);
    };
    const accessKey = makeAccessKey();
    const dynamoDb = await startDynamoDb({
      directory: dynamoDirectory,
      accessKey,
      onRequest: observe,
      onConsumed: options.onDynamoDbConsumed,
      warn,
    });
    closers.push(() => dynamoDb.close());
    const journal = openMessageJournal(join(data.path, 'queues.journal'), warn);
    closers.push(() => journal.close());
    const sqs = await startSqs(accessKey, journal);
    closers.push(() => sqs.close());
    const said = await synthesis;
    if (said !== '') log({ kind: 'note', text: said });
    // What one platform's company 1 installed is not the other's.
    const suffix = createHash('sha256').update(`${cluster} ${options.apiKey}`).digest('hex').slice(0, 8);
    const registered = { baseUrl, cluster, apiKey: options.apiKey, apiSecret: options.apiSecret };
    const describe = () => describeRunning(stack, endpoints, registered);
    const readServed = (directory: string): Stack => {
      const assembly = readAssembly(directory);
      const read = readStack(assembly, physicalIds(assembly.resources, { suffix, sqsEndpoint: sqs.endpoint }));
      for (const text of read.notServed) warn(`Not served on this machine: ${text}.`);
      return options.inspectPort === undefined ? read : inspected(read);
    };
    let stack = readServed(outputDirectory);

    await createTables(dynamoDb.endpoint, accessKey, stack.tables, dynamoDirectory);
    const store = openSecretStore(join(data.path, 'secrets.json'), stack.secrets, fixedSecrets(stack, options));
    const tellMissing = ({ functions }: Stack) => {
      for (const [name, id] of functions.flatMap((fn) => ownSecretsIn(fn.environment))) {
        if (!store.find(id, {})) warn(`The secret ${name} has no value: put ${name}=… into .env.`);
      }
    };
    tellMissing(stack);
    const secrets = await startSecretsManager({
      store,
      accessKey,
      warn,
      // Who rotates a key at their desk does not wait for fifteen minutes.
      onPut: () => (options.readsSecretsLate ? undefined : functions.startAnew()),
    });
    closers.push(() => secrets.close());

    const endpoints = {
      dynamoDb: dynamoDb.endpoint,
      secretsManager: secrets.endpoint,
      sqs: sqs.endpoint,
      accessKey,
    };
    const enqueueStart = startQueue();
    const waitIdle = idleInstances();
    const functions = serveFunctions(stack.functions, (definition) =>
      openFunction(definition, endpoints, enqueueStart, waitIdle, {
        line(text) {
          const masked = maskSecrets(text, store.values(), options.apiKey);
          log({ kind: 'output', source: definition.label, text: masked });
          if (masked === text) return;
          warn(`${definition.label} printed a secret, which is left out here. On AWS it would stand in the log.`);
        },
        error: (error) => log({ kind: 'error', source: definition.label, error }),
      }),
    );
    closers.push(() => functions.close());
    const queues = await serveQueues({
      stack,
      sqs,
      functions,
      log,
      longestRetrySeconds: options.longestRetrySeconds ?? longestRetrySeconds,
    });
    closers.push(async () => {
      await queues.stopPolling();
      await functions.close();
    });

    const pages = options.reloadsPages ? openPageReload() : undefined;
    const serve = () => {
      const listener = frontDoor({
        ...stack,
        accountId,
        baseUrl,
        log,
        showsErrors: options.showsErrors ?? false,
        pages,
        functionOf({ functionId }) {
          const fn = functions.get(functionId);
          if (!fn) throw new StartError(`The template has no function ${functionId}.`);
          return fn;
        },
      });
      for (const port of ports) port.serve(listener);
      return announceRunning(data.path, describe());
    };
    serving = true;
    const withdraw = serve();
    closers.push(closePorts);
    closers.push(withdraw);
    return {
      directory: data.path,
      assembly: () => outputDirectory,
      async replaceCode(bundles, mustStart) {
        const definitions = stack.functions.map((definition) => {
          const bundle = bundles.get(definition.label);
          return bundle === undefined ? definition : { ...definition, ...bundle };
        });
        await functions.replace(definitions, ({ label }) => bundles.has(label) && mustStart(label));
        stack = { ...stack, functions: definitions };
        pages?.reload();
      },
      async synthesizeAgain() {
        const next = assemblyDirectory(data, (assemblies += 1));
        try {
          const said = await synthesize({
            app,
            outputDirectory: next,
            baseUrl,
            cluster,
            configFile,
            frontendElsewhere,
            signal,
          });
          if (said !== '') log({ kind: 'note', text: said });
          const read = readServed(next);
          await createTables(dynamoDb.endpoint, accessKey, read.tables, dynamoDirectory);
          store.define(read.secrets, fixedSecrets(read, options));
          tellMissing(read);
          await functions.replace(read.functions, () => false);
          await queues.serve(read);
          stack = read;
          serve();
        } catch (error) {
          rmSync(next, { recursive: true, force: true });
          throw error;
        }
        const last = outputDirectory;
        outputDirectory = next;
        // Instances that are ending have loaded what they need.
        rmSync(last, { recursive: true, force: true });
        pages?.reload();
      },
      reloadPages: () => pages?.reload(),
      baseUrl,
      ports: ports.map(({ port }) => port),
      dynamoDbEndpoint: dynamoDb.endpoint,
      secretsEndpoint: secrets.endpoint,
      credentials: accessKey,
      tableNames: Object.fromEntries(stack.tables.map(({ logicalId, name }) => [logicalId, name])),
      resourceNames: Object.assign({}, ...stack.functions.map((fn) => fn.environment)) as Record<string, string>,
      sqsEndpoint: sqs.endpoint,
      queues: Object.fromEntries(stack.queues.map(({ logicalId, url }) => [logicalId, url])),
      countMessages: async () => queues.count(),
      idle: () => queues.idle(),
      get schedules() {
        return describe().schedules.map(({ name }) => name);
      },
      runSchedule: (name) => sendScheduled(describe(), name),
      killInstance: (functionName, random) =>
        functions
          .all()
          .find(({ name }) => shortName(name) === functionName)
          ?.killInstance(random),
      startAnew: (labels) => functions.startAnew(labels),
      logs: () => [...lines],
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Nothing times out while somebody looks at it. */
function inspected(stack: Stack): Stack {
  return {
    ...stack,
    functions: stack.functions.map((fn) => ({ ...fn, isInspected: true, timeoutSeconds: inspectedSeconds })),
    routes: stack.routes.map((route) => ({ ...route, timeoutMilliseconds: inspectedSeconds * 1000 })),
  };
}

/** The API key is public, and what is short may be a word. */
function maskSecrets(text: string, secrets: readonly string[], apiKey: string): string {
  const hidden = secrets.filter((secret) => secret.length >= 8 && secret !== apiKey);
  return hidden.reduce((masked, secret) => masked.replaceAll(secret, '(a secret)'), text);
}

async function listenOn(port: number): Promise<TakenPort> {
  return takePort({ port: port === 0 ? await findFreePort() : port, name: 'port' });
}

async function takeDirectory(given: string): Promise<DataDirectory> {
  const taken = await openDataDirectory(given);
  if (taken) return taken;
  throw new StartError(`${given} is in use by another run.`);
}

/**
 * The API key and secret come from outside, the author's own secrets from the environment: they go to the secrets whose
 * ids the functions get under these names.
 */
function fixedSecrets(stack: Stack, { apiKey, apiSecret }: LocalExtensionOptions): Map<string, string> {
  const fixed = new Map<string, string>();
  for (const { environment: variables } of stack.functions) {
    for (const [name, value] of [
      [environment.apiKeySecretId, apiKey],
      [environment.apiSecretSecretId, apiSecret],
    ] as const) {
      const id = variables[name];
      if (id !== undefined) fixed.set(id, value);
    }
    for (const [name, id] of ownSecretsIn(variables)) {
      const value = process.env[name]?.trim();
      if (value) fixed.set(id, value);
    }
  }
  return fixed;
}

/** The author's secrets that a function may read: the variables that hold them on this machine, and their ids. */
function ownSecretsIn(variables: Readonly<Record<string, string>>): [name: string, id: string][] {
  return Object.entries(variables).flatMap(([variable, id]) =>
    variable.startsWith(secretIdPrefix) ? [[variable.slice(secretIdPrefix.length), id] as [string, string]] : [],
  );
}
