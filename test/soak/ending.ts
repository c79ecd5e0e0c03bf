import { type AttributeValue, DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { localSqsClient } from '../../infra/local/sqs/local-sqs-client.ts';
import { redriveMessages } from '../../infra/operations/redrive-messages.ts';
import { parseMessage, webhookBody } from '../../shared/background/messages.ts';
import type { Companies } from './companies.ts';
import type { Evidence, SentEvent } from './evidence.ts';
import { type SoakWorld, tokenSeconds } from './soak-world.ts';
import { allCompanies } from './storm.ts';

/** What is known when everything has come to rest. */
export interface Ending {
  /** Sequence numbers of events that were dead letters once. */
  readonly deadEvents: ReadonlySet<number>;
  readonly deadLetters: number;
  /** Companies that are installed at the platform, whose grant had to be mended by a launch in the end. */
  readonly mended: readonly string[];
  /** Events sent in good weather, one by one, each of which must have been handled. */
  readonly probes: readonly SentEvent[];
  /** As many at once as there are instances; and one after the other. */
  readonly calm: Calm;
  readonly oneByOne: Calm;
  readonly rows: ReadonlyMap<string, Row>;
  /** Rows as they were before anybody mended anything. */
  readonly rowsBefore: ReadonlyMap<string, Row>;
  readonly platform: ReadonlyMap<string, AtPlatform>;
  readonly platformBefore: ReadonlyMap<string, AtPlatform>;
  readonly subscribed: ReadonlySet<string>;
  readonly tables: string;
  readonly logs: readonly string[];
}

/** A while without trouble and with tokens that live long, for figures. */
export interface Calm {
  readonly from: number;
  readonly until: number;
  readonly events: number;
  readonly dynamoDbCalls: number;
}

export interface Row {
  readonly status: string;
  readonly generation: number;
}

export interface AtPlatform {
  readonly installed: boolean;
  /** Undefined where there is no offline grant. */
  readonly works: boolean | undefined;
}

/** Waits for what is under way, mends what can be mended by those who can, and looks at what is left. */
export async function end(soak: SoakWorld, companies: Companies, evidence: Evidence): Promise<Ending> {
  const { control, extension } = soak;
  await extension.idle();
  // Whose grant was lost unnoticed learns so with the next event.
  await sendToAll(
    companies,
    allCompanies.filter((company) => !companies.isUninstalled(company)),
  );
  await extension.idle();
  const rowsBefore = await readRows(soak);
  const platformBefore = await readPlatform(soak);
  const mended = [...platformBefore].filter(([, { works }]) => works === false).map(([company]) => company);
  for (const company of mended) await companies.signIn(company, 'launch');
  await extension.idle();

  const deadEvents = new Set<number>();
  const deadLetters = await redrive(soak, deadEvents);
  await extension.idle();

  const installed = allCompanies.filter((company) => !companies.isUninstalled(company));
  const probes = await sendToAll(companies, installed);
  await control.set({ offlineTokenSeconds: 3_599 });
  await new Promise((resolve) => setTimeout(resolve, tokenSeconds * 1_000));
  probes.push(...(await sendToAll(companies, installed)));
  await extension.idle();
  const calm = await measure(soak, evidence, () => sendToAll(companies, [...installed, ...installed], 0));
  const oneByOne = await measure(soak, evidence, () => sendOneByOne(soak, companies, installed.slice(0, 50)));

  const subscribers = await Promise.all(
    installed.map(async (company) => [company, await control.subscribers(Number(company))] as const),
  );
  return {
    deadEvents,
    deadLetters,
    mended,
    probes,
    calm,
    oneByOne,
    rowsBefore,
    platformBefore,
    rows: await readRows(soak),
    platform: await readPlatform(soak),
    subscribed: new Set(
      subscribers.filter(([, all]) => all.some(({ status }) => status === 'active')).map(([company]) => company),
    ),
    tables: await readTables(soak),
    logs: extension.logs(),
  };
}

async function sendToAll(companies: Companies, to: readonly string[], milliseconds = 1): Promise<SentEvent[]> {
  const left = [...to];
  const sent: SentEvent[] = [];
  const worker = async () => {
    for (let company = left.shift(); company !== undefined; company = left.shift()) {
      const event = await companies.sendEvent(company, milliseconds, { force: true });
      if (event !== undefined) sent.push(event);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return sent;
}

/** What `send` costs until everything is handled. */
async function measure(
  { extension }: SoakWorld,
  evidence: Evidence,
  send: () => Promise<{ readonly length: number }>,
): Promise<Calm> {
  const from = Date.now();
  const callsBefore = evidence.dynamoDbCalls;
  const { length: events } = await send();
  await extension.idle();
  return { from, until: Date.now(), events, dynamoDbCalls: evidence.dynamoDbCalls - callsBefore };
}

async function sendOneByOne(
  { extension }: SoakWorld,
  companies: Companies,
  to: readonly string[],
): Promise<readonly string[]> {
  for (const company of to) {
    await companies.sendEvent(company, 0, { force: true });
    await extension.idle();
  }
  return to;
}

/** As `npm run redrive` does, reading along. */
async function redrive({ extension }: SoakWorld, deadEvents: Set<number>): Promise<number> {
  const { WORK_QUEUE_URL: to = '' } = extension.resourceNames;
  const from = Object.values(extension.queues).find((url) => url !== to) ?? '';
  using client = localSqsClient(extension.sqsEndpoint, extension.credentials);
  client.middlewareStack.add(
    (next) => async (given) => {
      const { MessageBody: body } = given.input as { MessageBody?: string };
      const message = body === undefined ? undefined : parseMessage(body);
      if (message?.kind === 'webhook') {
        const { payload } = JSON.parse(webhookBody(message).toString()) as { payload: { seq: number } };
        deadEvents.add(payload.seq);
      }
      return await next(given);
    },
    { step: 'initialize' },
  );
  return await redriveMessages({ client, from, to, waitSeconds: 0 });
}

function databaseOf({ extension }: SoakWorld): DynamoDBClient {
  return new DynamoDBClient({
    endpoint: extension.dynamoDbEndpoint,
    region: 'local',
    credentials: extension.credentials,
  });
}

async function scan(soak: SoakWorld, TableName: string): Promise<Record<string, AttributeValue>[]> {
  const client = databaseOf(soak);
  const items: Record<string, AttributeValue>[] = [];
  let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
  do {
    const page = await client.send(new ScanCommand({ TableName, ...(ExclusiveStartKey && { ExclusiveStartKey }) }));
    items.push(...(page.Items ?? []));
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
  client.destroy();
  return items;
}

async function readRows(soak: SoakWorld): Promise<Map<string, Row>> {
  const items = await scan(soak, soak.extension.resourceNames['INSTALLATIONS_TABLE'] ?? '');
  return new Map(
    items.map(({ pk, status, generation }) => [
      pk?.S?.replace('company#', '') ?? '',
      { status: status?.S ?? '', generation: Number(generation?.N) },
    ]),
  );
}

async function readTables(soak: SoakWorld): Promise<string> {
  const tables = await Promise.all(Object.values(soak.extension.tableNames).map((name) => scan(soak, name)));
  return JSON.stringify(tables, (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
  );
}

async function readPlatform({ world }: SoakWorld): Promise<Map<string, AtPlatform>> {
  const answer = await fetch(`${world.platformUrl}/__control/world`);
  const { companies } = (await answer.json()) as {
    companies: { id: string; installed: boolean; offline_works: boolean | null }[];
  };
  return new Map(
    companies.map(({ id, installed, offline_works }) => [id, { installed, works: offline_works ?? undefined }]),
  );
}
