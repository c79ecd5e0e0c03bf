import type { EventHandler } from '../../shared/background/handlers.ts';

/** What the author's code does, for the time being; as bundling does, the tests put it where the functions import it from. */
export const author = {
  handle: (() => Promise.resolve()) as EventHandler,
  launched: (): Promise<string | undefined> => Promise.resolve(undefined),
};

export const handlers = {
  events: { 'company/product/update/v1': (context: Parameters<EventHandler>[0]) => author.handle(context) },
  schedules: { nightly: () => Promise.resolve() },
  hooks: {},
};
