import type { PlatformUser } from '../fynd/token-response.ts';
import type { PlatformClient } from '../platform/platform-client.ts';
import type { LifecycleMessage } from './messages.ts';
import type { WebhookEnvelope } from './webhook-envelope.ts';

/** What background work is given: the company, and the Platform API with the company's own offline token. */
export interface BackgroundContext {
  /** The company's id. */
  readonly company: string;
  /** Signed, with a token that is kept alive, retried within its budget, patient with 429. Nothing is cached. */
  readonly platform: PlatformClient;
  /** Writes a line of JSON to the log. No secrets, no personal data: whoever reads the log reads them. */
  readonly log: (message: string, fields?: Readonly<Record<string, unknown>>) => void;
}

/** An event of the platform, verified. `Payload` is the author's claim about it: check what matters. */
export interface EventContext<Payload = unknown> extends BackgroundContext {
  /** The sales channels it concerns; none where it concerns the company. */
  readonly applications: readonly string[];
  readonly event: WebhookEnvelope['event'];
  readonly payload: Payload;
}

export interface ScheduleContext extends BackgroundContext {
  /** The schedule's name in the configuration. */
  readonly schedule: string;
  /** The same for every company of one run. */
  readonly run: string;
}

export interface HookContext extends Pick<BackgroundContext, 'company' | 'log'> {
  /** Counts the company's installations. */
  readonly generation: number;
  /** What the company granted; empty after an uninstall. */
  readonly scopes: readonly string[];
  /** For `uninstalled`: because the platform no longer accepts the grant, or because it signed the message. */
  readonly confirmedBy: 'platform' | 'signature' | undefined;
  /** Absent after an uninstall: there is no token any more. */
  readonly platform: PlatformClient | undefined;
}

export interface LaunchContext {
  readonly company: string;
  /** The sales channel that the launch named: nothing proves that it is this company's. */
  readonly claimedApplication: string | undefined;
  readonly user: PlatformUser;
  /** The configured scopes that this person holds. */
  readonly scopes: readonly string[];
}

export type EventHandler = (context: EventContext) => Promise<void>;
export type ScheduleHandler = (context: ScheduleContext) => Promise<void>;
export type HookHandler = (context: HookContext) => Promise<void>;
/** May resolve to a path of the extension to land on instead of the usual one. */
export type LaunchHandler = (context: LaunchContext) => Promise<string | undefined>;

/** The author's handlers, by their keys in the configuration. */
export interface Handlers {
  readonly events: Readonly<Record<string, EventHandler>>;
  readonly schedules: Readonly<Record<string, ScheduleHandler>>;
  readonly hooks: Readonly<Partial<Record<LifecycleMessage['hook'], HookHandler>>>;
}
