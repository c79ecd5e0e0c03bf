import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { startPlatform } from '../../../../infra/simulated-platform/platform.ts';
import { createHttpClient } from '../../../../shared/http/http-client.ts';
import { completeInstall } from '../../../../shared/install/complete-install.ts';
import { OfflineGrants } from '../../../../shared/store/offline-grants.ts';
import { companyTenant } from '../../../../shared/tenant.ts';
import { rowKey, type TestTables } from '../../fixture/dynamodb.ts';
import { testExtension } from '../../fixture/extension.ts';
import { keyRingFor } from '../../fixture/key-ring.ts';
import { type Answer, type Ask, apiKey, apiSecret, type FromChild, type FromParent, tokenSecret } from './ask.ts';

type Done = Extract<FromChild, { kind: 'done' }>;

interface Question {
  /** Undefined where the process was killed before. */
  readonly done: Promise<Done | undefined>;
  readonly heard: (kind: 'watching' | 'held') => Promise<unknown>;
}

/** Long enough that nobody is overtaken by accident. */
export const patient = { leaseMs: 30_000, startWithinMs: 10_000, callMs: 15_000, pollMs: 100, patienceMs: 50_000 };
/** A lease that a test can wait for. */
export const brief = { leaseMs: 3_500, startWithinMs: 500, callMs: 2_500, pollMs: 100, patienceMs: 30_000 };

/** A process of its own, run by Node as it is. */
export class AskerProcess {
  readonly #child: ChildProcess;
  readonly #listeners = new Set<(message: FromChild | undefined) => void>();

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message: FromChild) => this.#tell(message));
    child.once('exit', () => this.#tell(undefined));
  }

  static async start(): Promise<AskerProcess> {
    const child = fork(new URL('asker.ts', import.meta.url), { execArgv: [], env: { NO_COLOR: '1' } });
    const asker = new AskerProcess(child);
    await asker.#next((message) => message.kind === 'ready');
    return asker;
  }

  /** Asks; `done` is when all of its askers were answered. */
  ask(ask: Ask): Question {
    const isOwn = (message: FromChild, kind: FromChild['kind']) =>
      message.kind === kind && 'id' in message && message.id === ask.id;
    const hears = {
      watching: this.#next((one) => isOwn(one, 'watching')),
      held: this.#next((one) => isOwn(one, 'held')),
    };
    const done = this.#next((message) => isOwn(message, 'done')).then((message) => message as Done | undefined);
    this.#send({ kind: 'ask', ...ask });
    return { done, heard: (kind) => hears[kind] };
  }

  release(): void {
    this.#send({ kind: 'release' });
  }

  async kill(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  end(): void {
    this.#child.removeAllListeners('exit').disconnect();
  }

  #send(message: FromParent): void {
    this.#child.send(message);
  }

  #tell(message: FromChild | undefined): void {
    for (const listen of this.#listeners) listen(message);
  }

  async #next(isWanted: (message: FromChild) => boolean): Promise<FromChild | undefined> {
    const { promise, resolve } = Promise.withResolvers<FromChild | undefined>();
    const listen = (message: FromChild | undefined) => {
      if (message === undefined || isWanted(message)) resolve(message);
    };
    this.#listeners.add(listen);
    try {
      return await promise;
    } finally {
      this.#listeners.delete(listen);
    }
  }
}

let lastId = 0;
let lastCompany = 0;

/** A company of a simulated platform of its own, installed, whose token has just ended. */
export async function startCompany(tables: TestTables, settings: Readonly<Record<string, unknown>> = {}) {
  const companyId = String(++lastCompany);
  const platform = await startPlatform({ extension: { apiKey, apiSecret, baseUrl: 'https://extension.example' } });
  const control = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`${platform.origin}/__control/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    if (!answer.ok) throw new Error(`The platform's control ${path} answered ${answer.status}.`);
    return await answer.json();
  };
  await control('PUT', 'settings', { refresh: { mode: 'revoke-family' }, tokenPrefix: 'CANARY-', ...settings });
  const refreshes = {
    path: `^/service/.*/company/${companyId}/oauth/token$`,
    body_includes: 'grant_type=refresh_token',
  };

  /** Somebody who holds everything opens the extension. */
  const launch = async (installEvent = false): Promise<void> => {
    const scopes = ['company/products', 'company/orders'];
    const { code } = (await control('POST', 'codes', { company_id: companyId, scopes })) as { code: string };
    await completeInstall(
      {
        extension: testExtension({ cluster: platform.origin, scopes }),
        credentials: { apiKey, apiSecret },
        installations: tables.installations,
        tokenKeys: keyRingFor('offline-token', tokenSecret),
        httpClient: createHttpClient(),
        now: () => new Date(),
      },
      {
        state: 'CANARY-state',
        tenant: companyTenant(companyId),
        applicationId: undefined,
        redirectPath: undefined,
        accessMode: 'offline',
        installEvent,
        startedAtMs: Date.now(),
      },
      code,
    );
  };
  const letExpire = async (): Promise<void> => {
    await control('POST', 'tokens/expire', { company_id: companyId });
    const row = await tables.row(companyId);
    await tables.client.send(
      new UpdateItemCommand({
        TableName: tables.names.installations,
        Key: rowKey(companyId),
        UpdateExpression: 'SET accessTokenExpiresAt = :past, refreshFrom = :past',
        ConditionExpression: 'version = :version',
        ExpressionAttributeValues: { ':past': { N: '1' }, ':version': row!['version']! },
      }),
    );
  };
  await launch();
  await letExpire();
  return {
    companyId,
    launch,
    letExpire,
    control,
    /** What the platform was asked to refresh, and what it answered. */
    refreshes: async (): Promise<(number | null)[]> => {
      const all = (await control('GET', 'requests')) as { url: string; body_base64: string; status: number | null }[];
      const isRefresh = ({ url, body_base64 }: (typeof all)[number]) =>
        url.endsWith('/oauth/token') && String(Buffer.from(body_base64, 'base64')).includes(refreshes.body_includes);
      return all.filter(isRefresh).map(({ status }) => status);
    },
    fail: (fault: object, times = 1) => control('POST', 'faults', { match: refreshes, times, fault }),
    /** Holds refreshes at the platform, before or after they took effect. */
    gate: async (at: 'request' | 'answer') => {
      const { id } = (await control('POST', 'gates', { match: refreshes, at })) as { id: string };
      return {
        held: () => control('GET', `gates/${id}?held=1&timeout_ms=30000`),
        open: () => control('POST', `gates/${id}/open`),
      };
    },
    uninstall: async () => {
      const grants = new OfflineGrants(tables.documents, tables.names.installations);
      const grant = await grants.find(companyTenant(companyId));
      if (grant === undefined || !(await grants.uninstall(grant, new Date())))
        throw new Error('It is still installed.');
    },
    /** What the row says, but for the token and times. */
    row: async () => {
      const row = await tables.row(companyId);
      const number = (name: string) => Number(row?.[name]?.N ?? 0);
      return { status: row?.['status']?.S, version: number('version'), generation: number('generation') };
    },
    /** Questions of so many at once in each of these processes. */
    ask: (askers: readonly AskerProcess[], given: Partial<Ask>, each: (index: number) => Partial<Ask> = () => ({})) =>
      askers.map((asker, index) =>
        asker.ask({
          id: ++lastId,
          companyId,
          endpoint: tables.endpoint,
          tableName: tables.names.installations,
          cluster: platform.origin,
          askers: 50,
          instances: 5,
          timing: patient,
          clockAheadMs: 0,
          ...given,
          ...each(index),
        }),
      ),
    close: () => platform.close(),
  };
}

export type Company = Awaited<ReturnType<typeof startCompany>>;

/** Everything that the processes answered and did. */
export async function gather(questions: readonly Pick<Question, 'done'>[]) {
  const all = await Promise.all(questions.map(({ done }) => done));
  const answers = all.flatMap((one): readonly Answer[] => {
    if (one === undefined) throw new Error('A process ended before it answered.');
    return one.answers;
  });
  return { answers, steps: all.flatMap((one) => one?.steps ?? []) };
}
