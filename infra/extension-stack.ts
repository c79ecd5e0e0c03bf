import { RemovalPolicies, Stack, type StackProps } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { Function, IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { ConfigurationError, type Extension, type Stage } from '../shared/config.ts';
import { alarmRows } from './alarms.ts';
import { type Bundles, bundleOf } from './bundle/bundle.ts';
import type { EdgeFiles } from './bundle/edge-files.ts';
import { dashboardRows } from './dashboard.ts';
import { authorFunctions, builtInFunctions, type FunctionRow, pageEntry, receiver, worker } from './functions.ts';
import { addOutput, addOutputs } from './outputs.ts';
import { Alarms, runbookOf } from './resources/alarms.ts';
import { AuthorFunctions } from './resources/author-functions.ts';
import { Dashboard } from './resources/dashboard.ts';
import { Edge } from './resources/edge.ts';
import { createFunction, type FunctionOptions } from './resources/function.ts';
import { GradualDeployment } from './resources/gradual-deployment.ts';
import { ExtensionApi } from './resources/http-api.ts';
import { OwnApi } from './resources/own-api.ts';
import { receivedEvents } from './resources/received-events.ts';
import { addSchedules } from './resources/schedules.ts';
import { OwnSecrets, Secrets } from './resources/secrets.ts';
import { DeliveriesTable, InstallationsTable, UserCacheTable } from './resources/tables.ts';
import { WorkQueue } from './resources/work-queue.ts';
import { secretHolders } from './secret-holders.ts';
import { stackPropsOf } from './stage.ts';

export interface ExtensionStackProps extends StackProps {
  readonly extension: Extension;
  readonly bundles: Bundles;
  /** Origin of the extension as browsers see it; undefined: the API's own. */
  readonly baseUrl: string | undefined;
  /** Puts CloudFront in front; undefined: the API answers by itself. */
  readonly edge?: { readonly firewallArn: string; readonly files: readonly EdgeFiles[] } | undefined;
}

/** The whole extension. What functions there are, and what each may do, is the table in functions.ts. */
export class ExtensionStack extends Stack {
  readonly functions: AuthorFunctions;
  /** Handles what is in the work queue, with the author's handlers of events, schedules and durable hooks in it. */
  readonly worker: Function;
  /** The API, as far as it is the author's. */
  readonly api: OwnApi;
  /** What is to be called in a function's place: itself, or its alias where the stage's deployments are gradual. */
  readonly live: (fn: Function) => IFunction;
  /** Every function by its entry file. */
  readonly functionsByEntry: ReadonlyMap<string, Function>;
  readonly alarms: Alarms;

  constructor(
    scope: Construct,
    id: string,
    { extension, bundles, baseUrl, edge: given, ...props }: ExtensionStackProps,
  ) {
    super(scope, id, { ...props, ...stackPropsOf(extension) });
    const { stage } = extension;
    const isThrownAway = stage?.protected === false;
    const installations = new InstallationsTable(this, 'Installations', { deletionProtection: !isThrownAway });
    const userCache = new UserCacheTable(this, 'UserCache');
    const deliveries = new DeliveriesTable(this, 'Deliveries');
    const workQueue = new WorkQueue(this, 'WorkQueue', {
      workerTimeoutSeconds: worker.timeoutSeconds,
      ...extension.worker,
    });
    const received = receivedEvents(this, extension, receiver.timeoutSeconds);
    const secrets = new Secrets(this, 'Secrets');
    const ownSecrets = new OwnSecrets(this, 'OwnSecrets', extension.secrets).byName;
    const api = new ExtensionApi(this, 'Api', { ...extension.limits, logRetentionDays: stage?.logRetentionDays });
    const webhookKey = extension.webhooks.secret === 'api-secret' ? secrets.apiSecret : secrets.webhookKey;
    const edge = given && new Edge(this, 'Edge', { apiHost: api.host, ...given });
    const ourOrigin = baseUrl ?? edge?.origin ?? api.origin;
    const tables = { installations, userCache, deliveries };
    const gradual = stage?.gradual && new GradualDeployment(this, 'Gradual', stage.gradual);
    this.live = (fn) => gradual?.live(fn) ?? fn;
    const resources = {
      baseUrl: ourOrigin,
      ...tables,
      workQueue,
      receivedEvents: received,
      secrets,
      ownSecrets,
      webhookKey,
      edgeKey: edge?.key,
      live: this.live,
    };

    const holders = secretHolders(extension);
    const functionsByEntry = new Map<string, Function>();
    this.functionsByEntry = functionsByEntry;
    const add = (
      home: Construct,
      { id, entry, routes, requestsPerSecond, grants, ...limits }: FunctionRow,
    ): Function => {
      const fn = createFunction(home, id, {
        bundle: bundleOf(bundles, entry),
        description: entry.replace(/^\.\//, ''),
        ...limits,
        ...(stage && settingsOf(stage, entry)),
      });
      functionsByEntry.set(entry, fn);
      for (const grant of grants) grant(fn, resources);
      for (const name of holders.get(entry) ?? []) ownSecrets.get(name)?.grantValue(fn);
      // What is granted nothing gives nothing away.
      if (routes.length > 0 && grants.length > 0) edge?.key.grantValue(fn);
      for (const route of routes) api.route(route, this.live(fn), requestsPerSecond);
      return fn;
    };
    for (const row of builtInFunctions(extension)) add(this, row);
    this.worker = add(this, worker);
    if (received !== undefined) add(this, receiver);
    // The CDK leaves this id out of names; it lets a table of the author's be called as a function of theirs is.
    const authors = new Construct(this, 'Resource');
    this.functions = new AuthorFunctions(
      new Map(authorFunctions(extension).map((row) => [row.entry, add(authors, row)])),
    );
    for (const route of Object.keys(extension.calls)) edge?.addPath(route.slice(route.indexOf(' ') + 1));
    requireReserved(extension, functionsByEntry);
    this.api = new OwnApi(this, { api, edge, baseUrl: ourOrigin });
    if (stage?.domain !== undefined) {
      const { name, certificateArn } = stage.domain;
      this.api.addDomain(name, Certificate.fromCertificateArn(this, 'DomainCertificate', certificateArn));
    }
    addSchedules(this, 'Schedules', extension.schedules, workQueue);
    const watched = {
      stackName: this.stackName,
      apiId: api.id,
      page: functionsByEntry.get(pageEntry) ?? this.worker,
      worker: this.worker,
      workQueue,
      receivedEvents: received,
      tables: Object.values(tables),
      failuresPerMinute: extension.alarms.failuresPerMinute,
      logGroupNames: [...functionsByEntry.values()].map((fn) => fn.logGroup.logGroupName),
    };
    this.alarms = new Alarms(this, 'Alarms', { ...extension.alarms, rows: alarmRows(watched) });
    const dashboard = new Dashboard(this, 'Overview', {
      rows: dashboardRows(watched),
      alarms: this.alarms.all,
      logGroupNames: watched.logGroupNames,
      runbook: runbookOf(extension.alarms),
    });
    addOutput(this, 'Dashboard', dashboard.url, 'What a night shift asks, with graphs and lines of logs.');
    gradual?.deployUnder(this.alarms.forRollback);
    addOutputs(this, resources);
    // Whatever the author's resources say, too. A version is needed by what is led back to it, and goes with its function.
    if (isThrownAway) RemovalPolicies.of(this).destroy({ excludeResourceTypes: ['AWS::Lambda::Version'] });
  }
}

/** What a stage decides for a function. */
function settingsOf(
  { logLevel, logRetentionDays, concurrency, gradual }: Stage,
  entry: string,
): Partial<FunctionOptions> {
  return {
    logLevel,
    logRetentionDays,
    reservedConcurrency: concurrency.reserved[entry],
    keepsVersions: gradual !== undefined,
  };
}

/** @throws {ConfigurationError} where room is kept for no function, or for fewer workers than messages are handed to. */
function requireReserved(
  { stage, worker: { maxConcurrency } }: Extension,
  functions: ReadonlyMap<string, Function>,
): void {
  if (stage === undefined) return;
  const { reserved } = stage.concurrency;
  const field = `extension.config.ts: stages.${stage.name}.concurrency.reserved`;
  const unknown = Object.keys(reserved).find((file) => !functions.has(file));
  if (unknown !== undefined) {
    throw new ConfigurationError(
      `${field} names ${unknown}, which is no function of the stack. There are: ${[...functions.keys()].join(', ')}.`,
    );
  }
  if ((reserved[worker.entry] ?? maxConcurrency) < maxConcurrency) {
    throw new ConfigurationError(
      `${field} keeps room for fewer of ${worker.entry} than concurrency.worker (${maxConcurrency}) hands messages to: the others would fail.`,
    );
  }
}
