import { createHmac, randomBytes } from 'node:crypto';
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { Context, SQSEvent } from 'aws-lambda';
import { vi } from 'vitest';
import {
  lifecycleMessage,
  scheduleMessage,
  subscriberMessage,
  webhookMessage,
} from '../../shared/background/messages.ts';
import { installationsTable } from '../../shared/contract.ts';
import { signatureDate, signV2 } from '../../shared/fynd/signature.ts';
import { deadlineIn } from '../../shared/http/http-client.ts';
import type { MetricName } from '../../shared/metrics.ts';
import type { QueuedMessage } from '../../shared/store/work-queue.ts';
import { companyTenant } from '../../shared/tenant.ts';
import { gatewayEvent, type TestRequest } from '../functions/fixture/event.ts';
import { startFlow } from '../functions/fixture/flow.ts';
import { startRefusingTables } from '../functions/fixture/refusing-tables.ts';
import { type Answer, type Handler, signsIn, startWorld } from '../functions/fixture/world.ts';
import { rowKey } from '../shared/fixture/dynamodb.ts';
import { baseUrl, clientId } from '../shared/fixture/extension.ts';
import type { FakeAnswer } from '../shared/fixture/http-client.ts';
import { onlineToken } from '../shared/fixture/sign-in.ts';
import { author } from './author.ts';

/** How a metric comes about: what happens, as the lines that it leaves in the log, and all that they count. */
export interface Cause {
  readonly by: () => Promise<readonly string[]>;
  /** Every metric of these lines: the sum; of one that is measured, how many times. */
  readonly counts: Partial<Readonly<Record<MetricName, number>>>;
}

const product = { category: 'company', name: 'product', type: 'update', version: '1' };
const json = { 'content-type': 'application/json' };
const webhookKey = 'CANARY-webhook-key-0123456789abcdef';

/**
 * The functions of an extension, with a platform, tables and a queue that fail when they are told to, and a way to cause each
 * metric. `vi.mock` must have put author.ts where the functions import the author's code from.
 */
export async function startCauses(): Promise<{
  readonly causes: Readonly<Record<MetricName, Cause>>;
  reset(): void;
  close(): Promise<void>;
}> {
  const world = await startWorld({
    events: { 'company/product/update/v1': './test/extension/on-product-update.ts' },
    hooks: { installed: './test/extension/on-installation.ts', launched: './test/extension/launched.ts' },
    webhooks: { notificationEmail: 'owner@example.com' },
  });
  const tables = await startRefusingTables();
  const { handler: install } = await import('../../functions/install.ts');
  const { handler: callback } = await import('../../functions/callback.ts');
  const { handler: proxy } = await import('../../functions/platform-proxy.ts');
  const { handler: webhook } = await import('../../functions/webhook.ts');
  const { handler: autoInstall } = await import('../../functions/auto-install.ts');
  const { handler: fallback } = await import('../../functions/storefront.ts');
  const { handler: worker } = await import('../../functions/worker.ts');
  const { storefront } = await import('../../functions/runtime/storefront.ts');
  const { http } = await import('../../functions/runtime/http/http.ts');
  const { httpClient } = await import('../../functions/runtime/http-client.ts');

  const linesOf = ({ log }: Answer): readonly string[] =>
    Array.isArray(log['lines']) ? (log['lines'] as string[]) : [JSON.stringify(log)];
  const send = async (handler: Handler, request: TestRequest) =>
    linesOf(await world.send(handler, gatewayEvent(request)));

  // Signing in.
  const flow = () => startFlow(world, { install, callback });
  type Flow = ReturnType<typeof flow>;
  const comesBack = async (from: Flow, more = '', query: Record<string, string> = {}) => {
    const state = await from.launch(more);
    return linesOf(await from.comeBack({ ...from.withCode(state), ...query }));
  };
  const signedIn = async () => {
    const from = flow();
    await comesBack(from);
    return from;
  };
  const platform = (endpoint: string, answer: FakeAnswer | 'hang up') => {
    world.platform.answer = (request) => (request.url.includes(endpoint) ? answer : signsIn(request));
  };

  // The proxy.
  const pathOf = (company: string) => `catalog/v2.0/company/${company}/products/`;
  const call = (company: string, cookie: string, request: Partial<TestRequest> = {}) =>
    send(proxy, { path: `/api/platform/${pathOf(company)}`, cookie, ...request });
  const calls = async (request: Partial<TestRequest> = {}) => {
    const { company, cookie } = await world.signIn();
    return await call(company, cookie, request);
  };

  // Calls that are signed.
  const storefrontCall = (company: string, { at = new Date() }: { at?: Date } = {}): TestRequest => {
    const date = signatureDate(at);
    const data = { _id: '65a000000000000000000001', token: 'CANARY-app', name: 'Shop', company_id: company };
    const headers = { 'x-fp-date': date, 'x-application-data': JSON.stringify(data) };
    const signed = { host: new URL(baseUrl).host, ...headers };
    const target = '/ext/wishlist/7';
    const signature = signV2({ method: 'GET', target, headers: signed, body: undefined }, date, 'CANARY-api-secret');
    return { path: target, headers: { ...headers, 'x-fp-signature': signature } };
  };
  const deliver = (event: object, key = webhookKey) => {
    const hmac = (secret: string, text: string) => createHmac('sha256', secret).update(text).digest('hex');
    const body = JSON.stringify({ company_id: 12, event, payload: {} });
    const headers = { ...json, 'x-fp-signature': hmac(hmac(key, 'company#12'), body) };
    return send(webhook, { method: 'POST', path: '/api/webhook-events', query: 'company_id=12', headers, body });
  };

  // Background work.
  const installed = async () => {
    const company = world.tables.newCompany();
    const body = JSON.stringify({ company_id: company, code: 'CANARY-code' });
    await send(autoInstall, { method: 'POST', path: '/fp/auto_install', headers: json, body });
    return company;
  };
  const work = async ({ body, group }: Pick<QueuedMessage, 'body' | 'group'>, attempt = 2, waitedMs = 5_000) => {
    const lines: string[] = [];
    const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
    const attributes = {
      ApproximateReceiveCount: String(attempt),
      SentTimestamp: String(Date.now() - waitedMs),
      MessageGroupId: group,
    };
    const record = { messageId: 'm1', receiptHandle: 'CANARY-receipt', body, attributes };
    try {
      await worker({ Records: [record] } as unknown as SQSEvent, { getRemainingTimeInMillis: () => 60_000 } as Context);
    } finally {
      spy.mockRestore();
    }
    return lines;
  };
  const eventOf = (company: string, payload: object = {}) => {
    const body = Buffer.from(JSON.stringify({ company_id: company, event: product, payload }));
    const tenant = companyTenant(company);
    const message = webhookMessage({ tenant, eventId: undefined, body, receivedAtMs: Date.now() });
    if (message === undefined) throw new Error('It does not fit.');
    return message;
  };
  /** Its handler makes a call of the platform. */
  const calling = async (company?: string) => {
    author.handle = async ({ platform: client }) =>
      void (await client.get(`catalog/v2.0/company/{company_id}/products/`));
    return await work(eventOf(company ?? (await installed())));
  };
  /** A company whose token is worth refreshing, and lives a little longer. */
  const due = async () => {
    const company = await installed();
    const now = Math.floor(Date.now() / 1000);
    await update(company, { refreshFrom: { N: String(now - 600) }, accessTokenExpiresAt: { N: String(now + 60) } });
    return company;
  };
  const update = async (company: string, attributes: Readonly<Record<string, { N: string } | { S: string }>>) => {
    const names = Object.keys(attributes);
    await world.tables.client.send(
      new UpdateItemCommand({
        TableName: world.tables.names.installations,
        Key: rowKey(company),
        UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(', ')}`,
        ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
        ExpressionAttributeValues: Object.fromEntries(names.map((name) => [`:${name}`, attributes[name] ?? { S: '' }])),
      }),
    );
  };
  const sweep = (partition: number, page = 2) => work(scheduleMessage({ name: 'sweep', run: 'r1', partition, page }));
  const company = '/service/platform/catalog/';
  const token = '/oauth/token';

  const causes: Readonly<Record<MetricName, Cause>> = {
    InstallsFirst: { by: () => comesBack(flow()), counts: { InstallsFirst: 1, SignIns: 1, UpstreamMs: 2 } },
    InstallsAgain: {
      by: async () => await comesBack(await signedIn(), '&install_event=true'),
      counts: { InstallsAgain: 1, SignIns: 1, UpstreamMs: 2 },
    },
    SignIns: { by: async () => await comesBack(await signedIn()), counts: { SignIns: 1, UpstreamMs: 1 } },
    SignInsFailed: {
      by: async () => {
        platform(token, { status: 500 });
        return await comesBack(flow());
      },
      counts: { SignInsFailed: 1, RefusedPlatformError: 1, UpstreamMs: 1, Upstream5xx: 1 },
    },
    WorkNotQueued: {
      by: async () => {
        world.queue.refuses = true;
        return await comesBack(flow());
      },
      counts: { WorkNotQueued: 1, InstallsFirst: 1, SignIns: 1, UpstreamMs: 2 },
    },
    LaunchedHooksFailed: {
      by: async () => {
        author.launched = () => Promise.reject(new Error('CANARY-message'));
        // What the hook threw has a line of its own, which counts nothing.
        return await comesBack(await signedIn());
      },
      counts: { LaunchedHooksFailed: 1, SignIns: 1, UpstreamMs: 1 },
    },

    RefusedInvalidRequest: {
      by: () => send(install, { path: '/fp/install', query: `client_id=${clientId}` }),
      counts: { RefusedInvalidRequest: 1 },
    },
    RefusedStateMismatch: {
      by: () => comesBack(flow(), '', { state: 'another', returned: '1' }),
      counts: { RefusedStateMismatch: 1 },
    },
    RefusedSessionRequired: { by: () => call('7', ''), counts: { RefusedSessionRequired: 1 } },
    RefusedSessionExpired: {
      by: async () => {
        platform(company, { status: 401 });
        return await calls();
      },
      counts: { RefusedSessionExpired: 1, CacheMisses: 1, UpstreamMs: 1, Upstream4xx: 1 },
    },
    RefusedSignatureRequired: {
      by: () => send(fallback, { path: '/ext/wishlist/7' }),
      counts: { RefusedSignatureRequired: 1 },
    },
    RefusedSignatureExpired: {
      by: () => send(fallback, storefrontCall('7', { at: new Date(Date.now() - 86_400_000) })),
      counts: { RefusedSignatureExpired: 1 },
    },
    RefusedSignatureMismatch: {
      by: () => deliver(product, 'CANARY-another-key-0123456789abcdef'),
      counts: { RefusedSignatureMismatch: 1 },
    },
    RefusedAccessDenied: {
      by: async () => {
        const from = flow();
        const { state, company_id } = from.withCode(await from.launch());
        return linesOf(await from.comeBack({ state, company_id, error: 'access_denied' }));
      },
      counts: { RefusedAccessDenied: 1 },
    },
    RefusedScopesMissing: {
      by: async () => {
        platform(token, { headers: json, body: { ...onlineToken, scope: ['company/products'] } });
        return await comesBack(flow());
      },
      counts: { RefusedScopesMissing: 1, UpstreamMs: 1 },
    },
    RefusedTenantMismatch: {
      by: () => calls({ headers: { 'x-company-id': '7' } }),
      counts: { RefusedTenantMismatch: 1 },
    },
    RefusedCrossSiteRequest: {
      by: () => calls({ method: 'POST', headers: { origin: 'https://elsewhere.example' } }),
      counts: { RefusedCrossSiteRequest: 1 },
    },
    RefusedRouteNotAllowed: {
      by: async () => {
        const signed = await world.signIn();
        return await call(signed.company, signed.cookie, {
          path: `/api/platform/webhook/v1.0/company/${signed.company}/subscriber`,
        });
      },
      counts: { RefusedRouteNotAllowed: 1 },
    },
    RefusedNotFound: { by: () => send(fallback, storefrontCall('7')), counts: { RefusedNotFound: 1 } },
    RefusedMethodNotAllowed: {
      by: () => send(callback, { method: 'HEAD', path: '/fp/auth', query: 'state=s' }),
      counts: { RefusedMethodNotAllowed: 1 },
    },
    RefusedInstallationRequired: {
      by: () =>
        send(
          storefront(() => Promise.resolve({})),
          storefrontCall(world.tables.newCompany()),
        ),
      counts: { RefusedInstallationRequired: 1 },
    },
    RefusedContentTooLarge: {
      by: () => {
        const body = JSON.stringify({ code: 'x'.repeat(9_000) });
        return send(autoInstall, { method: 'POST', path: '/fp/auto_install', headers: json, body });
      },
      counts: { RefusedContentTooLarge: 1 },
    },
    RefusedRateLimited: {
      by: async () => {
        platform(company, { status: 429, headers: { 'retry-after': '3600' } });
        const shop = storefront(async (shopper) => await shopper.platform.get(pathOf(shopper.company)));
        return await send(shop, storefrontCall(await installed()));
      },
      counts: { RefusedRateLimited: 1, BudgetExhausted: 1, UpstreamMs: 1, Upstream429: 1 },
    },
    RefusedCodeRefused: {
      by: async () => {
        platform(token, { status: 400, body: { error: 'invalid_grant' } });
        return await comesBack(flow(), '', { returned: '1' });
      },
      counts: { RefusedCodeRefused: 1, SignInsFailed: 1, UpstreamMs: 1, Upstream4xx: 1 },
    },
    RefusedPlatformError: {
      by: async () => {
        platform(company, 'hang up');
        return await calls({ method: 'POST', headers: { origin: baseUrl } });
      },
      counts: { RefusedPlatformError: 1, UpstreamSilent: 1 },
    },
    RefusedResponseTooLarge: {
      by: async () => {
        platform(company, { body: randomBytes(5_000_000) });
        return await calls();
      },
      counts: { RefusedResponseTooLarge: 1, CacheMisses: 1, UpstreamMs: 1 },
    },
    RefusedTryAgain: {
      by: async () => {
        tables.refuses = (operation) => operation === 'BatchGetItem';
        return await calls();
      },
      counts: { RefusedTryAgain: 1 },
    },
    RefusedPlatformTimeout: {
      by: async () => {
        world.platform.answer = () => new Promise<never>(() => undefined);
        const request = { origin: world.cluster, method: 'GET', target: company, headers: {} };
        const handler = http().handler(async () => {
          await httpClient()(request, deadlineIn(50));
          return { status: 200 };
        });
        return await send(handler, { path: '/api/own' });
      },
      counts: { RefusedPlatformTimeout: 1, UpstreamSilent: 1 },
    },
    RefusedInternal: {
      by: () =>
        send(
          http().handler(() => Promise.reject(new TypeError('CANARY-message'))),
          { path: '/api/own' },
        ),
      counts: { RefusedInternal: 1 },
    },

    CacheHits: {
      by: async () => {
        const signed = await world.signIn();
        await call(signed.company, signed.cookie);
        return await call(signed.company, signed.cookie);
      },
      counts: { CacheHits: 1 },
    },
    CacheMisses: { by: () => calls(), counts: { CacheMisses: 1, UpstreamMs: 1 } },
    ResponsesNotStored: {
      by: async () => {
        tables.refuses = (operation) => operation === 'PutItem';
        return await calls();
      },
      counts: { ResponsesNotStored: 1, CacheMisses: 1, UpstreamMs: 1 },
    },
    EpochsNotMoved: {
      by: async () => {
        world.platform.answer = () => {
          tables.refuses = (operation) => operation === 'UpdateItem';
          return { status: 200 };
        };
        return await calls({ method: 'POST', headers: { origin: baseUrl } });
      },
      counts: { EpochsNotMoved: 1, UpstreamMs: 1 },
    },

    UpstreamMs: {
      by: () => calls({ method: 'POST', headers: { origin: baseUrl } }),
      counts: { UpstreamMs: 1 },
    },
    Upstream4xx: {
      by: async () => {
        platform(company, { status: 404 });
        return await calls();
      },
      counts: { Upstream4xx: 1, CacheMisses: 1, UpstreamMs: 1 },
    },
    Upstream429: {
      by: async () => {
        platform(company, { status: 429 });
        return await calls();
      },
      counts: { Upstream429: 1, CacheMisses: 1, UpstreamMs: 1 },
    },
    Upstream5xx: {
      by: async () => {
        platform(company, { status: 503 });
        return await calls();
      },
      // A read is asked once more.
      counts: { Upstream5xx: 2, CacheMisses: 1, UpstreamMs: 2 },
    },
    UpstreamSilent: {
      by: async () => {
        platform(company, 'hang up');
        return await calls();
      },
      counts: { UpstreamSilent: 2, RefusedPlatformError: 1, CacheMisses: 1 },
    },

    RefreshesGranted: {
      by: async () => await calling(await due()),
      counts: { RefreshesGranted: 1, WebhooksHandled: 1, UpstreamMs: 2 },
    },
    RefreshesRefused: {
      by: async () => {
        const dueCompany = await due();
        platform(token, { status: 503, headers: { 'retry-after': '3600' } });
        return await calling(dueCompany);
      },
      counts: { RefreshesRefused: 1, WebhooksHandled: 1, UpstreamMs: 2, Upstream5xx: 1 },
    },
    RefreshesUnknown: {
      by: async () => {
        const dueCompany = await due();
        platform(token, 'hang up');
        return await calling(dueCompany);
      },
      counts: { RefreshesUnknown: 1, WebhooksHandled: 1, UpstreamMs: 1, UpstreamSilent: 1 },
    },
    GrantsLost: {
      by: async () => {
        const dueCompany = await due();
        platform(token, { status: 400, headers: json, body: { error: 'invalid_grant' } });
        return await calling(dueCompany);
      },
      counts: { GrantsLost: 1, WebhooksSkipped: 1, UpstreamMs: 1, Upstream4xx: 1 },
    },
    TokensUnreadable: {
      by: async () => {
        const unreadable = await installed();
        await update(unreadable, { token: { S: 'sealed by nobody' } });
        return await calling(unreadable);
      },
      counts: { TokensUnreadable: 1, WebhooksSkipped: 1 },
    },
    GrantsBroken: {
      by: async () => {
        const partition = 3;
        const listed = { [installationsTable.listing.partitionKey]: { S: `installed#${partition}` } };
        const hourAgo = { refreshingSinceMs: { N: String(Date.now() - 3_600_000) } };
        const moment = { refreshingSinceMs: { N: String(Date.now() - 1_000) } };
        for (let company = 9_100; company < 9_109; company += 1) {
          await world.tables.putInstallation(String(company), { ...listed, status: { S: 'reauthorize' } });
        }
        await world.tables.putInstallation('9011', { ...listed, ...hourAgo });
        await world.tables.putInstallation('9019', { ...listed, ...moment });
        return await sweep(partition);
      },
      counts: { GrantsBroken: 10 },
    },

    WebhooksReceived: { by: () => deliver(product), counts: { WebhooksReceived: 1 } },
    WebhooksUnhandled: {
      by: () => deliver({ ...product, type: 'create' }),
      counts: { WebhooksReceived: 1, WebhooksUnhandled: 1 },
    },
    WebhooksTooOld: {
      by: () => deliver({ ...product, created_timestamp: Date.now() - 31 * 86_400_000 }),
      counts: { WebhooksReceived: 1, WebhooksTooOld: 1 },
    },
    WebhooksHandled: { by: async () => await work(eventOf(await installed())), counts: { WebhooksHandled: 1 } },
    WebhooksDuplicate: {
      by: async () => {
        const message = eventOf(await installed());
        await work(message);
        return await work(message);
      },
      counts: { WebhooksDuplicate: 1 },
    },
    WebhooksSkipped: { by: () => work(eventOf(world.tables.newCompany())), counts: { WebhooksSkipped: 1 } },
    WorkFailed: {
      by: async () => {
        author.handle = () => Promise.reject(new Error('CANARY-message'));
        return await work(eventOf(await installed()));
      },
      counts: { WorkFailed: 1 },
    },
    WorkDeadLettered: {
      by: async () => {
        author.handle = () => Promise.reject(new Error('CANARY-message'));
        return await work(eventOf(await installed()), 5);
      },
      counts: { WorkFailed: 1, WorkDeadLettered: 1 },
    },
    WorkWaitMs: {
      by: () => {
        const tenant = companyTenant(world.tables.newCompany());
        return work(lifecycleMessage({ tenant, hook: 'installed', generation: 1, scopes: [] }), 1, 3_600_000);
      },
      counts: { WorkWaitMs: 1 },
    },
    SchedulesRunaway: {
      by: () => work(scheduleMessage({ name: 'nightly', run: 'r1', partition: 0, page: 3, mark: '1 ' })),
      counts: { SchedulesRunaway: 1 },
    },
    BlockedSubscribers: {
      by: async () => {
        const blocked = { id: 1, provider: 'rest', status: 'inactive', event_configs: [] };
        platform('/subscriber', { headers: json, body: { items: [blocked], page: { has_next: false } } });
        const tenant = companyTenant(await installed());
        return await work(subscriberMessage({ tenant, task: 'status' }, 'r1'));
      },
      counts: { BlockedSubscribers: 1, UpstreamMs: 1 },
    },
    ScopesBeyondPanel: {
      by: async () => {
        platform('/extensions/details/', { headers: json, body: { scope: ['company/products'] } });
        return await sweep(7, 1);
      },
      counts: { ScopesBeyondPanel: 1, UpstreamMs: 1 },
    },

    BudgetWaited: {
      by: async () => {
        const answers: FakeAnswer[] = [{ status: 429, headers: { 'retry-after': '1' } }];
        world.platform.answer = (request) => (request.url.includes(company) && answers.pop()) || signsIn(request);
        return await calling();
      },
      counts: { BudgetWaited: 1, WebhooksHandled: 1, UpstreamMs: 2, Upstream429: 1 },
    },
    BudgetExhausted: {
      by: async () => {
        platform(company, { status: 429, headers: { 'retry-after': '3600' } });
        return await calling();
      },
      counts: { BudgetExhausted: 1, WorkFailed: 1, UpstreamMs: 1, Upstream429: 1 },
    },
  };

  return {
    causes,
    reset: () => {
      author.handle = () => Promise.resolve();
      author.launched = () => Promise.resolve(undefined);
      world.platform.answer = signsIn;
      world.queue.refuses = false;
      tables.refuses = () => false;
    },
    close: async () => {
      await tables.close();
      await world.close();
    },
  };
}
