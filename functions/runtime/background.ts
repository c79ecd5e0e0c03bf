import type { WebhookEnvelope } from '../../shared/background/webhook-envelope.ts';
import type { PlatformUser } from '../../shared/fynd/oauth-endpoints.ts';
import type { PlatformClient } from '../../shared/platform/platform-client.ts';

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
  readonly application: string | undefined;
  readonly user: PlatformUser;
  /** The configured scopes that this person holds. */
  readonly scopes: readonly string[];
}

export type EventHandler = (context: EventContext) => Promise<void>;
export type ScheduleHandler = (context: ScheduleContext) => Promise<void>;
export type HookHandler = (context: HookContext) => Promise<void>;
/** May answer a path of the extension to land on instead of the usual one. */
export type LaunchHandler = (context: LaunchContext) => Promise<string | undefined>;

/**
 * Makes a handler of an event. It runs at least once for each event, one at a time per company and in order. What it
 * throws makes the queue deliver the event again, and dead-letters it in the end.
 */
export function event<Payload = unknown>(handle: (context: EventContext<Payload>) => Promise<void>): EventHandler {
  return handle as EventHandler;
}

/** Makes a handler of a schedule; it runs once per run for each installed company. */
export function schedule(handle: ScheduleHandler): ScheduleHandler {
  return handle;
}

/**
 * Makes a handler of `installed`, `scopesChanged` or `uninstalled`: at least once, in order per company.
 * @public for extensions
 */
export function hook(handle: HookHandler): HookHandler {
  return handle;
}

/**
 * Makes a handler of `launched`. It runs while the person waits and is not repeated; if it throws, they land as usual.
 * @public for extensions
 */
export function launch(handle: LaunchHandler): LaunchHandler {
  return handle;
}
