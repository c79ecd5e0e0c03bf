import type { Extension } from '../../shared/config.ts';
import { environment } from '../../shared/contract.ts';

declare const EXTENSION: Extension;

/** The extension's configuration, judged when the stack was synthesized and compiled into the bundle. */
export function extension(): Extension {
  return EXTENSION;
}

/** A variable that the stack hands to this function. @throws where the stack does not: a mistake in `infra/`. */
export function setting(name: keyof typeof environment): string {
  const value = process.env[environment[name]];
  if (!value) throw new Error(`The stack does not hand ${environment[name]} to this function.`);
  return value;
}

/** Whether the stack hands that variable to this function: then the function needs what it names. */
export function isHanded(name: keyof typeof environment): boolean {
  return Boolean(process.env[environment[name]]);
}

/** A value made at first use and kept while this instance lives. */
export function once<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Origin of the extension as browsers see it. */
export const baseUrl = once(() => setting('baseUrl'));

export const now = (): Date => new Date();
