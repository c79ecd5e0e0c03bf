import type {
  EventContext,
  EventHandler,
  HookHandler,
  LaunchHandler,
  ScheduleHandler,
} from '../../shared/background/handlers.ts';
import { made } from './made-handlers.ts';

/**
 * Makes a handler of an event. It runs at least once for each event, one at a time per company and in order. What it
 * throws makes the queue deliver the event again, and dead-letters it in the end.
 */
export function event<Payload = unknown>(handle: (context: EventContext<Payload>) => Promise<void>): EventHandler {
  return made('event', (context) => handle(context as EventContext<Payload>));
}

/** Makes a handler of a schedule; it runs at least once per run for each installed company. */
export function schedule(handle: ScheduleHandler): ScheduleHandler {
  return made('schedule', (context) => handle(context));
}

/**
 * Makes a handler of `installed`, `scopesChanged` or `uninstalled`: at least once, in order per company.
 * @public for extensions
 */
export function hook(handle: HookHandler): HookHandler {
  return made('hook', (context) => handle(context));
}

/**
 * Makes a handler of `launched`. It runs while the person waits and is not repeated; if it throws, they land as usual.
 * @public for extensions
 */
export function launch(handle: LaunchHandler): LaunchHandler {
  return made('launch', (context) => handle(context));
}
