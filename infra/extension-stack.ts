import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { type Function, RecursiveLoop } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { Extension } from '../shared/config.ts';
import { environment } from '../shared/contract.ts';
import { type Bundles, folderName } from './bundle/bundle.ts';
import { AuthorFunctions } from './resources/author-functions.ts';
import { createFunction } from './resources/function.ts';
import { ExtensionApi } from './resources/http-api.ts';
import { addSchedules } from './resources/schedules.ts';
import { Secrets, type SingleSecret } from './resources/secrets.ts';
import { Deliveries, Installations, UserCache } from './resources/tables.ts';
import { WorkQueue } from './resources/work-queue.ts';

export interface ExtensionStackProps extends StackProps {
  readonly extension: Extension;
  readonly bundles: Bundles;
  /** Origin of the extension as browsers see it; undefined: the API's own. */
  readonly baseUrl: string | undefined;
}

/** Entry files of the functions that every extension has. */
const ownEntries = [
  'install',
  'callback',
  'page',
  'session',
  'platform-proxy',
  'healthz',
  'webhook',
  'auto-install',
  'uninstall',
  'worker',
].map((name) => `./functions/${name}.ts`);

/** Every entry file that the stack makes a function of, the author's included. */
export function entriesOf(extension: Extension): string[] {
  return [...new Set([...ownEntries, ...handlersOf(extension)])];
}

/** The whole extension. */
export class ExtensionStack extends Stack {
  readonly functions: AuthorFunctions;
  /** Handles what is in the work queue, with the author's handlers of events, schedules and durable hooks in it. */
  readonly worker: Function;
  /** Every function by its entry file. */
  readonly functionsByEntry: ReadonlyMap<string, Function>;

  constructor(scope: Construct, id: string, props: ExtensionStackProps) {
    super(scope, id, props);
    const { extension, bundles } = props;
    const installations = new Installations(this, 'Installations');
    const userCache = new UserCache(this, 'UserCache');
    const deliveries = new Deliveries(this, 'Deliveries');
    const worksAlone = 60;
    const workQueue = new WorkQueue(this, 'WorkQueue', { workerTimeoutSeconds: worksAlone });
    const secrets = new Secrets(this, 'Secrets');
    const api = new ExtensionApi(this, 'Api');
    const baseUrl = props.baseUrl ?? api.origin;

    // A gateway waits 30 s, a call to the platform takes at most 25.
    const callsThePlatform = 29;
    const answersAlone = 10;
    const functionsByEntry = new Map<string, Function>();
    this.functionsByEntry = functionsByEntry;
    const functionOf = (
      id: string,
      entry: string,
      timeoutSeconds: number,
      more: { readonly memoryMegabytes?: number; readonly recursiveLoop?: RecursiveLoop } = {},
    ): Function => {
      const bundle = bundles.get(entry);
      if (bundle === undefined) throw new Error(`${entry} was not bundled.`);
      const fn = createFunction(this, id, { bundle, timeoutSeconds, ...more });
      functionsByEntry.set(entry, fn);
      return fn;
    };
    const install = functionOf('Install', './functions/install.ts', answersAlone);
    const callback = functionOf('Callback', './functions/callback.ts', callsThePlatform);
    const page = functionOf('Page', './functions/page.ts', answersAlone);
    const session = functionOf('Session', './functions/session.ts', answersAlone);
    const platformProxy = functionOf('PlatformProxy', './functions/platform-proxy.ts', callsThePlatform);
    const healthz = functionOf('Healthz', './functions/healthz.ts', answersAlone, { memoryMegabytes: 256 });
    const webhook = functionOf('Webhook', './functions/webhook.ts', answersAlone);
    const autoInstall = functionOf('AutoInstall', './functions/auto-install.ts', callsThePlatform);
    const uninstall = functionOf('Uninstall', './functions/uninstall.ts', answersAlone);
    this.worker = functionOf('Worker', './functions/worker.ts', worksAlone, {
      // A schedule sends its next page to the queue that it came from, and ends by itself where it does not get on.
      recursiveLoop: RecursiveLoop.ALLOW,
    });
    this.functions = new AuthorFunctions(
      new Map(
        handlersOf(extension).map((handler) => [
          handler,
          functionOf(`Own-${folderName(handler)}`, handler, callsThePlatform),
        ]),
      ),
    );

    const callers = [platformProxy, ...this.functions.all()];
    const answering = [page, session, ...callers];

    for (const fn of [install, callback, ...answering]) {
      fn.addEnvironment(environment.baseUrl, baseUrl);
      secrets.apiKey.grantValue(fn);
      secrets.sessionKey.grantValue(fn);
    }
    // What they register with the platform is at this address.
    for (const fn of [autoInstall, this.worker]) fn.addEnvironment(environment.baseUrl, baseUrl);
    for (const fn of [uninstall, autoInstall, this.worker]) secrets.apiKey.grantValue(fn);
    for (const fn of [callback, uninstall, autoInstall, this.worker]) secrets.apiSecret.grantValue(fn);
    if (extension.webhooks.secret === 'api-secret') secrets.apiSecret.grantValue(webhook);
    else for (const fn of [webhook, this.worker]) secrets.webhookKey.grantValue(fn);
    for (const fn of [callback, autoInstall, this.worker]) secrets.tokenKey.grantValue(fn);
    for (const fn of [callback, autoInstall]) installations.grantRecording(fn);
    installations.grantBackgroundWork(this.worker);
    deliveries.grantRecords(this.worker);
    for (const fn of [callback, webhook, uninstall, autoInstall, this.worker]) workQueue.grantSends(fn);
    workQueue.deliverTo(this.worker);
    addSchedules(this, 'Schedules', extension.schedules, workQueue);

    for (const fn of answering) {
      installations.grantSessionChecks(fn);
      userCache.grantReads(fn);
    }
    for (const fn of [session, ...callers]) userCache.grantEpochMoves(fn);
    for (const fn of callers) userCache.grantEntryWrites(fn);

    api.route('GET /fp/install', install);
    api.route('GET /fp/auth', callback);
    api.route('GET /company/{company_id}', page);
    api.route('GET /company/{company_id}/application/{application_id}', page);
    api.route('GET /api/session', session);
    api.route('DELETE /api/session', session);
    api.route('ANY /api/platform/{path+}', platformProxy);
    api.route('GET /_healthz', healthz);
    api.route('POST /api/webhook-events', webhook);
    api.route('POST /fp/auto_install', autoInstall);
    api.route('POST /fp/uninstall', uninstall);
    for (const [route, handler] of Object.entries(extension.api)) api.route(route, this.functions.get(handler));

    const output = (id: string, value: string, description: string) => new CfnOutput(this, id, { value, description });
    const put = (secret: SingleSecret, value: string): string =>
      `aws secretsmanager put-secret-value --region ${this.region} --secret-id ${secret.secretArn} --secret-string '${value}'`;
    output('ExtensionUrl', baseUrl, "Paste this as the extension's base URL in the partner panel.");
    output('SetApiKey', put(secrets.apiKey, 'API_KEY'), 'Run this once with the API key from the partner panel.');
    output('SetApiSecret', put(secrets.apiSecret, 'API_SECRET'), 'Run this once with the API secret from there.');
    output('InstallationsTableName', installations.tableName, 'Who is installed. It stays when the stack goes.');
    output('UserCacheTableName', userCache.tableName, 'Cached answers. It stays too and may be deleted.');
    output('DeliveriesTableName', deliveries.tableName, 'Handled webhooks. It stays too and may be deleted.');
    output('WorkQueueUrl', workQueue.queueUrl, 'Work that waits: events, lifecycle jobs, scheduled work.');
    const deadLettersUrl = workQueue.deadLetters.queueUrl;
    const redrive = `npm run redrive -- --from ${deadLettersUrl} --to ${workQueue.queueUrl}`;
    output('DeadLetterQueueUrl', deadLettersUrl, 'Work that failed for good.');
    output('Redrive', redrive, 'Run this once its cause is mended: it brings that work back.');
  }
}

function handlersOf(extension: Extension): string[] {
  return [...new Set(Object.values(extension.api))];
}
