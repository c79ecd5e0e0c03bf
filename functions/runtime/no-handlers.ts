import type { EventHandler, HookHandler, ScheduleHandler } from '../../shared/background/handlers.ts';

/**
 * What `#handlers` is outside of a bundle: nothing is configured. Bundling puts the configuration's handlers in its place;
 * keys are as in extension.config.ts.
 */
export const events: Readonly<Record<string, EventHandler>> = {};
export const schedules: Readonly<Record<string, ScheduleHandler>> = {};
export const hooks: Readonly<Partial<Record<'installed' | 'scopesChanged' | 'uninstalled', HookHandler>>> = {};
