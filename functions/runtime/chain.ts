import createMiddy, { type Request } from '@middy/core';

/** One invocation as middy's middlewares see it; `Input` is what they and the handler are called with. */
export type Chained<Input, Output> = Request<Input, Output>;

/** Runs the middlewares and the handler, in middy's order. @throws what no middleware's `onError` took. */
export type Run<Input, Output> = (input: Input, context?: unknown) => Promise<Output>;

/** middy's own parts, whose types it does not tell. */
interface Machinery<Input, Output> {
  readonly middyRequest: (input: Input, context: unknown) => Chained<Input, Output>;
  readonly runRequest: (chained: Chained<Input, Output>, ...chain: readonly unknown[]) => Promise<Output>;
}

interface Plugin<Input, Output> {
  readonly requestEnd: (chained: Chained<Input, Output>) => unknown;
}

/**
 * A chain of middlewares (https://middy.js.org) whose `handler(…)` answers what `around` makes of running it: middy's
 * execution mode. What must happen whatever a middleware answers or throws belongs into `around`. middy's `requestEnd` is awaited
 * before the result leaves. Nothing can be added to a chain that has its handler.
 */
export function createChain<Input, Output>(around: (run: Run<Input, Output>) => unknown): object {
  const executionMode = (
    { middyRequest, runRequest }: Machinery<Input, Output>,
    befores: unknown,
    _handle: unknown,
    afters: unknown,
    onErrors: unknown,
    plugin: Plugin<Input, Output>,
  ) => ({
    handler: (handle: unknown) =>
      around(async (input, context = {}) => {
        const chained = middyRequest(input, context);
        try {
          return await runRequest(chained, befores, handle, afters, onErrors, plugin);
        } finally {
          await plugin.requestEnd(chained);
        }
      }),
  });
  // No timer and no race for each request: every route has a budget of its own, well below Lambda's limit.
  return createMiddy({ timeoutEarlyInMillis: 0, executionMode: executionMode as never });
}
