import { type Catalog, createCatalog } from './catalog.ts';
import { createDeliveries, type Deliveries, type Delivery } from './deliveries.ts';
import { logAttempt } from './describe-call.ts';
import { createGrants, type Grants } from './grants.ts';
import { createInterceptions, type Interceptions } from './interceptions.ts';
import { createOrders, type Orders } from './orders.ts';
import { createPayments, type Payments } from './payments.ts';
import { createRateLimit, type RateLimit } from './rate-limit.ts';
import { createRecording, type Recording } from './recording.ts';
import { createRequestLog, type RequestLog } from './request-log.ts';
import { type EventWish, releaseHeld } from './send-event.ts';
import { defaultSettings, type Settings } from './settings.ts';
import { createProxyPaths, type ProxyPaths } from './storefront/proxy-paths.ts';
import { createSubscribers, type Subscribers } from './subscribers.ts';
import { createUsers, type Tenant, tenantKey, type Users } from './world.ts';

/**
 * The extension that is registered at this platform. `scopes`: the most that it may ask for; absent: anything that is not
 * a misspelt name. `unlisted`: scopes that exist besides the documented ones.
 */
export type Extension = {
  apiKey: string;
  apiSecret: string;
  baseUrl: string;
  scopes?: readonly string[];
  unlisted?: readonly string[];
  /** Served below `/region/{region}` too, whatever the settings say. */
  region?: string | undefined;
};

/** What can run the extension's schedules: `runUrl` is posted `{schedule}`. */
export type Runtime = { name: string; schedules: readonly string[]; runUrl: string };

/** Everything that a running platform knows. */
export type State = {
  extension: Extension;
  /** Known once the platform listens. */
  origin: string;
  settings: Settings;
  /** The settings as they are until somebody changes them, as JSON. */
  usualSettings: string;
  users: Users;
  grants: Grants;
  catalog: Catalog;
  orders: Orders;
  subscribers: Subscribers;
  /** Events of companies whose subscriber is blocked, oldest first. */
  held: Map<string, EventWish[]>;
  proxyPaths: ProxyPaths;
  payments: Payments;
  deliveries: Deliveries;
  /** When the extension was last uninstalled, by tenant. */
  uninstalledAt: Map<string, Date>;
  recording: Recording;
  log: RequestLog;
  /** The extension's runtime, where one has said that it is there. */
  runtime: Runtime | undefined;
  interceptions: Interceptions;
  rateLimit: RateLimit;
  /** Who looked at a tenant's panel last: the person at the screen, where a frame comes without the panel's cookie. */
  lastViewer: Map<string, string>;
  resetSettings(): void;
  reset(): void;
};

/** A world in which nothing has happened yet. */
export function createState(extension: Extension, onDelivered?: (delivery: Delivery) => void): State {
  const users = createUsers();
  const baseUrl = extension.baseUrl.replace(/\/+$/, '');
  const state: State = {
    extension: { ...extension, baseUrl },
    origin: '',
    settings: defaultSettings(),
    usualSettings: JSON.stringify(defaultSettings()),
    users,
    grants: createGrants(() => state.settings, users),
    catalog: createCatalog(() => state.origin),
    orders: createOrders(),
    subscribers: createSubscribers((company) => releaseHeld(state, company)),
    held: new Map(),
    proxyPaths: createProxyPaths(),
    payments: createPayments(),
    deliveries: createDeliveries(() => state.settings, {
      onDelivered,
      onAttempt: (delivery, attempt) => logAttempt(state, delivery, attempt),
    }),
    uninstalledAt: new Map(),
    recording: createRecording(),
    log: createRequestLog(),
    runtime: undefined,
    interceptions: createInterceptions(),
    rateLimit: createRateLimit(() => state.settings),
    lastViewer: new Map(),
    resetSettings() {
      state.settings = defaultSettings();
    },
    reset() {
      state.resetSettings();
      state.extension.baseUrl = baseUrl;
      const { grants, catalog, orders, subscribers, proxyPaths, payments } = state;
      const { deliveries, recording, log, interceptions, rateLimit } = state;
      const data = [users, grants, catalog, orders, subscribers, proxyPaths, payments];
      for (const part of [...data, deliveries, recording, log, interceptions, rateLimit]) part.reset();
      state.lastViewer.clear();
      state.held.clear();
      state.uninstalledAt.clear();
    },
  };
  return state;
}

/** Who sits at the screen: the panel's cookie, else the last to look at this tenant, else the owner. */
export function viewer({ users, lastViewer }: State, cookie: string | undefined, tenant?: Tenant) {
  const named = /(?:^|;\s*)panel_user=([^;]*)/.exec(cookie ?? '')?.[1];
  const last = tenant && lastViewer.get(tenantKey(tenant));
  const user =
    users.all().find(({ key }) => encodeURIComponent(key) === named) ??
    (last === undefined ? undefined : users.find(last)) ??
    users.find('owner');
  if (!user) throw new Error('there is always an owner');
  return user;
}
