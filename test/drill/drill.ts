import { deepEqual, equal, ok } from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { type DynamoDBDocumentClient, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { findFreePort } from '../../infra/local/host/listen.ts';
import { type LocalExtension, startLocalExtension } from '../../infra/local/start-local-extension.ts';
import { startPlatform } from '../../infra/simulated-platform/platform.ts';
import { documentClient } from '../../shared/store/dynamodb.ts';
import { Browser } from '../flow/browser.ts';
import { PlatformControl } from '../flow/platform-control.ts';
import { type RunningCommand, runCommand } from '../infra/local/fixture/run-command.ts';
import type { World } from '../start-world.ts';

/** Something that can be lost, and the sentences of docs/loss.md that `run` holds to what happens. */
export interface Loss {
  readonly name: string;
  readonly lost: string;
  readonly seen: string;
  readonly mends: string;
  readonly run: string;
  /** @throws where a sentence does not hold. */
  drill(drill: Drill): Promise<void>;
}

const apiKey = '000000000000000000c0ffee';
const apiSecret = 'CANARY-api-secret';
const configFile = 'test/drill/extension.config.ts';
const productUpdate = 'company/product/update/v1';

interface Item {
  readonly pk: string;
  readonly [name: string]: unknown;
}

/** An extension with companies, on this machine, of which something is going to be lost. */
export class Drill implements AsyncDisposable {
  readonly world: World;
  readonly control: PlatformControl;
  /** How many companies do what matters in each loss: two, or more where all of it is tried. */
  readonly companies: number;
  readonly #directory: string;
  readonly #platform: { close(): Promise<void> };
  #extension: LocalExtension;
  #before: string[] = [];
  #dynamoDb: DynamoDBClient;
  #sqs: SQSClient;
  #nextCompany = 100;
  #events = 0;

  static async start(companies: number): Promise<Drill> {
    const directory = await mkdtemp(join(tmpdir(), 'drill-'));
    const port = await findFreePort();
    const baseUrl = `http://localhost:${port}`;
    const platform = await startPlatform({ extension: { apiKey, apiSecret, baseUrl } });
    const world = { baseUrl, platformUrl: platform.origin, apiKey };
    const extension = await serve(world, directory).catch(async (error: unknown) => {
      await platform.close();
      throw error;
    });
    const drill = new Drill(world, directory, platform, extension, companies);
    await drill.control.set({ tokenPrefix: 'CANARY-', webhooks: { retryAfterMs: [100, 250, 500] } });
    return drill;
  }

  private constructor(
    world: World,
    directory: string,
    platform: { close(): Promise<void> },
    extension: LocalExtension,
    companies: number,
  ) {
    this.world = world;
    this.control = new PlatformControl(world);
    this.companies = companies;
    this.#directory = directory;
    this.#platform = platform;
    this.#extension = extension;
    [this.#dynamoDb, this.#sqs] = clientsOf(extension);
  }

  /** Whether there is time for every variant. */
  get isWhole(): boolean {
    return this.companies > 2;
  }

  get extension(): LocalExtension {
    return this.#extension;
  }

  get documents(): DynamoDBDocumentClient {
    return documentClient(this.#dynamoDb);
  }

  get dynamoDb(): DynamoDBClient {
    return this.#dynamoDb;
  }

  get sqs(): SQSClient {
    return this.#sqs;
  }

  get secrets(): SecretsManagerClient {
    return new SecretsManagerClient({ ...clientOptions(this.#extension), endpoint: this.#extension.secretsEndpoint });
  }

  /** The physical name of a table or secret, or the URL of a queue, by the variable that functions get it in. */
  resource(variable: string): string {
    return this.#extension.resourceNames[variable] ?? '';
  }

  /** Instances of before are gone, as a quarter of an hour ends what they remember of secrets; and perhaps a file. */
  async restart({ losing }: { readonly losing?: string } = {}): Promise<void> {
    this.#before.push(...this.#extension.logs());
    this.#closeClients();
    await this.#extension.close();
    if (losing !== undefined) await rm(join(this.#directory, losing));
    this.#extension = await serve(this.world, this.#directory);
    [this.#dynamoDb, this.#sqs] = clientsOf(this.#extension);
  }

  /** Runs an operator's command to its end. @throws where it ends with another status. */
  async command(program: string, given: readonly string[], status = 0): Promise<string> {
    await using command = this.begin(program, given);
    const ended = await command.exited;
    equal(ended, status, `${program} ${given.join(' ')}\n${command.output}`);
    ok(!command.output.includes('CANARY'), `${program} printed a credential.`);
    return command.output;
  }

  /** Begins one, for who wants to interrupt it. */
  begin(program: string, given: readonly string[]): RunningCommand {
    const environment = {
      LOCAL_DATA_DIR: this.#directory,
      EXTENSION_CONFIG: configFile,
      FP_API_DOMAIN: this.world.platformUrl,
    };
    return runCommand(program, environment, given);
  }

  newCompany(): number {
    return this.#nextCompany++;
  }

  newCompanies(): number[] {
    return Array.from({ length: this.companies }, () => this.newCompany());
  }

  /** A person opens the extension, or installs it. */
  async launch(company: number, user = 'owner', parameters: Record<string, string> = {}): Promise<Browser> {
    const browser = new Browser(this.world);
    const { status } = await browser.signIn(company, user, parameters);
    equal(status, 302, `Signing in to ${company} answered ${status}.`);
    await this.#extension.idle();
    return browser;
  }

  /** What a person with these cookies is answered: the page, a call of our own, a call of the platform. */
  async seenBy(browser: Browser, company: number): Promise<[page: number, session: number, call: number]> {
    const copy = browser.copy();
    const page = await copy.fetch(`/company/${company}`, { headers: { accept: 'text/html' } });
    const call = await browser.copy().fetch(products(company));
    const session = await browser.copy().fetch('/api/session', { headers: { 'x-company-id': String(company) } });
    for (const answer of [page, call, session]) await answer.body?.cancel();
    return [page.status, session.status, call.status];
  }

  /** The whole sign-in, whatever comes of it and of what it queues. */
  async signIn(company: number, user = 'owner'): Promise<Response> {
    const answer = await new Browser(this.world).signIn(company, user);
    await answer.body?.cancel();
    return answer;
  }

  /** Anybody may say that a company uninstalled. */
  async tellUninstall(company: number): Promise<Response> {
    return await fetch(`${this.world.baseUrl}/fp/uninstall`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ company_id: String(company), client_id: apiKey }),
    });
  }

  /** Has the platform send an event; the id of its delivery, or undefined where nobody subscribed. */
  async send(company: number, name: string): Promise<string | undefined> {
    const sent = (await this.control.event(company, { event: productUpdate, payload: { name }, id: name })) as {
      readonly event_ids: readonly string[];
      readonly skipped: string | null;
    };
    return sent.skipped === null ? sent.event_ids[0] : undefined;
  }

  /** How often the handler was done with the event of this name. */
  handled(name: string): number {
    return this.lines().filter((line) => line['message'] === 'event' && line['name'] === name).length;
  }

  /** The same, after it was sent once more and everything came to rest. */
  async timesHandled(company: number, name: string): Promise<number> {
    const before = (await this.control.deliveries({ company_id: String(company), state: 'delivered' })).length;
    await this.send(company, name);
    await this.control.deliveries({ company_id: String(company), state: 'delivered', at_least: String(before + 1) });
    await this.#extension.idle();
    return this.handled(name);
  }

  /** Whether an event of this company is handled now. */
  async handlesEvent(company: number): Promise<boolean> {
    const name = `event-${(this.#events += 1)}`;
    const id = await this.send(company, name);
    if (id === undefined) return false;
    await this.control.deliveries({ event_id: id, at_least: '1', state: 'delivered' });
    await this.#extension.idle();
    return this.handled(name) > 0;
  }

  async row(company: number): Promise<Item | undefined> {
    return (await this.rows()).find(({ pk }) => pk === `company#${company}`);
  }

  async rows(table = this.resource('INSTALLATIONS_TABLE')): Promise<Item[]> {
    const { Items = [] } = await this.documents.send(new ScanCommand({ TableName: table, ConsistentRead: true }));
    return (Items as Item[]).toSorted((a, b) => a.pk.localeCompare(b.pk));
  }

  async put(table: string, item: Item): Promise<void> {
    await this.documents.send(new PutCommand({ TableName: table, Item: item }));
  }

  /** Every line of JSON that functions wrote so far. */
  lines(): Record<string, unknown>[] {
    return [...this.#before, ...this.#extension.logs()].flatMap((line) => {
      const json = /\| (\{.*\})$/.exec(line)?.[1];
      return json === undefined ? [] : [JSON.parse(json) as Record<string, unknown>];
    });
  }

  /** How often a hook ran for a company. */
  told(hook: 'installed' | 'uninstalled', company: number): number {
    return this.lines().filter((line) => line['message'] === hook && line['company_id'] === String(company)).length;
  }

  /** Refreshes that the platform was asked for, of one company. */
  async refreshes(company: number): Promise<number> {
    const asked = await this.control.requests(`/service/panel/authentication/v1.0/company/${company}/oauth/token`);
    return asked.filter((one) => Buffer.from(one.body_base64, 'base64').toString().includes('refresh_token')).length;
  }

  /** What must hold after every loss: no failure that nobody thought of, no dead letter, no secret in a log. */
  async endsWell(): Promise<void> {
    await this.#extension.idle();
    const all = [...this.#before, ...this.#extension.logs()];
    deepEqual(
      this.lines().filter(({ code }) => code === 'internal'),
      [],
    );
    deepEqual(
      all.filter((line) => /Task timed out|Runtime exited|Invoke Error|CANARY/.test(line)),
      [],
    );
    equal((await this.#extension.countMessages()).dead, 0, 'There are dead letters.');
  }

  #closeClients(): void {
    this.#dynamoDb.destroy();
    this.#sqs.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closeClients();
    await this.#extension.close();
    await this.#platform.close();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

export const products = (company: number) => `/api/platform/catalog/v2.0/company/${company}/products/`;

function serve({ baseUrl, platformUrl }: World, dataDir: string): Promise<LocalExtension> {
  return startLocalExtension({
    apiKey,
    apiSecret,
    cluster: platformUrl,
    port: Number(new URL(baseUrl).port),
    dataDir,
    configFile,
    longestRetrySeconds: 1,
  });
}

function clientOptions({ credentials }: LocalExtension) {
  return { region: 'us-east-1', credentials, maxAttempts: 1 };
}

function clientsOf(extension: LocalExtension): [DynamoDBClient, SQSClient] {
  const options = clientOptions(extension);
  return [
    new DynamoDBClient({ ...options, endpoint: extension.dynamoDbEndpoint }),
    new SQSClient({ ...options, endpoint: extension.sqsEndpoint }),
  ];
}
