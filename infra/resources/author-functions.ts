import type { Function } from 'aws-cdk-lib/aws-lambda';
import { ConfigurationError } from '../../shared/config.ts';

/** The functions of the extension's author, one for each handler file that a route of the configuration names. */
export class AuthorFunctions {
  readonly #functions: ReadonlyMap<string, Function>;

  constructor(functions: ReadonlyMap<string, Function>) {
    this.#functions = functions;
  }

  /** @throws {ConfigurationError} where no route names the handler. */
  get(handler: string): Function {
    const fn = this.#functions.get(handler);
    if (fn !== undefined) return fn;
    throw new ConfigurationError(
      `infra/own-resources.ts: no route in extension.config.ts names ${handler}. Handlers of events, schedules and hooks run in the worker.`,
    );
  }
}
