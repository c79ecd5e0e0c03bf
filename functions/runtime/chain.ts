import createMiddy, { type Request } from '@middy/core';

/** One invocation as middy's middlewares see it; `Input` is what they and the handler are called with. */
export type Chained<Input, Output> = Request<Input, Output>;

/** Runs the middlewares and the handler, in middy's order. @throws what no middleware's `onError` took. */
export type Run<Input, Output> = (input: Input, context?: unknown) => Promise<Output>;

/**
 * A middleware of middy's that stands behind those that find what it needs (`Base` is there from the beginning); what it
 * finds itself is in the input of all that stands behind it.
 */
export interface Requirement<Base, Output, Needed, Found extends object = object> {
  /** What it resolves to ends the chain early, unless it is undefined. */
  readonly before?: (chained: Chained<Needed, Output>) => Promise<Output | undefined>;
  /** May come before anything was found. */
  readonly onError?: (chained: Chained<Base, Output>) => Promise<void> | void;
  /** For the types alone. */
  readonly found?: Found;
}

/** A chain while its requirements are declared, in the order in which they are met. */
export interface Chain<Base, Output, Input, Handler> {
  use<Found extends object>(
    requirement: Requirement<Base, Output, Input, Found>,
  ): Chain<Base, Output, Input & Found, Handler>;
  handler(handle: (input: Input) => Promise<Output>): Handler;
}

/** A requirement that is met where `find` does not throw. */
export function requirement<Needed extends object, Found extends object = object>(
  find: (input: Needed) => Found | undefined | Promise<Found | undefined>,
): { readonly before: (chained: { event: Needed }) => Promise<undefined>; readonly found?: Found } {
  return {
    async before({ event }) {
      Object.assign(event, await find(event));
      // What was found would end the chain here.
      return undefined;
    },
  };
}

/** middy's own parts, whose types it does not tell. */
interface Machinery<Input, Output> {
  readonly middyRequest: (input: Input, context: unknown) => Chained<Input, Output>;
  readonly runRequest: (chained: Chained<Input, Output>, ...chain: readonly unknown[]) => Promise<Output>;
}

/**
 * A chain of middlewares (https://middy.js.org) whose `handler(…)` answers what `around` makes of running it: middy's
 * execution mode. What must happen whatever a middleware answers or throws belongs into `around`. Nothing can be added
 * to a chain that has its handler.
 */
export function createChain<Base, Output, Handler>(
  around: (run: Run<Base, Output>) => Handler,
): Chain<Base, Output, Base, Handler> {
  const executionMode = (
    { middyRequest, runRequest }: Machinery<Base, Output>,
    befores: unknown,
    _handle: unknown,
    afters: unknown,
    onErrors: unknown,
    plugin: unknown,
  ) => ({
    handler: (handle: unknown) =>
      around((input, context = {}) =>
        runRequest(middyRequest(input, context), befores, handle, afters, onErrors, plugin),
      ),
  });
  // No timer and no race for each request: every route has a budget of its own, well below Lambda's limit.
  const chain: object = createMiddy({ timeoutEarlyInMillis: 0, executionMode: executionMode as never });
  // middy's own types let a middleware ask for what nothing before it has found.
  return chain as Chain<Base, Output, Base, Handler>;
}
