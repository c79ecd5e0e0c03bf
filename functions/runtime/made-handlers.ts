import { ConfigurationError } from '../../shared/config.ts';

/** What makes the author's handlers. */
export type Maker = 'api' | 'storefront' | 'call' | 'companyCall' | 'event' | 'schedule' | 'hook' | 'launch';

const makers = new WeakMap<object, Maker>();

/** Notes who made a handler. Nobody else can: what is not noted here is nowhere served. */
export function made<Handler extends object>(maker: Maker, handler: Handler): Handler {
  makers.set(handler, maker);
  return handler;
}

/**
 * A handler that a file of the author's exports, where its maker is the one whose place it is. `place` begins the
 * sentence: which field of the configuration names which file.
 * @throws {ConfigurationError} for any other handler, and for none.
 * @public for the modules that infra/bundle/configured-handlers.ts makes
 */
export function requireMade<Handler extends object>(
  maker: Maker,
  handler: Handler | undefined,
  place: string,
): Handler {
  if (handler === undefined) throw new ConfigurationError(`${place}, which exports no "handler".`);
  if (makers.get(handler) === maker) return handler;
  throw new ConfigurationError(`${place}, whose "handler" is not made by ${maker}(…).`);
}
