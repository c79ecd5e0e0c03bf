import { StartError } from '../host/start-error.ts';
import type { PhysicalIds } from './physical-ids.ts';
import type { Resource } from './read-assembly.ts';
import { resolveText, resolveValue } from './resolve-value.ts';

export type ResourceReader = ReturnType<typeof readResource>;

/** A reader for the properties of one resource: each is resolved when it is asked for. */
export function readResource(id: string, resource: Resource, ids: PhysicalIds) {
  const properties = resource.Properties ?? {};
  const place = (name: string) => `${id}.${name}`;
  return {
    id,
    optional: (name: string): unknown =>
      properties[name] === undefined ? undefined : resolveValue(properties[name], place(name), ids),
    value(name: string): unknown {
      if (properties[name] === undefined) throw new StartError(`The template's ${place(name)} is missing.`);
      return resolveValue(properties[name], place(name), ids);
    },
    text: (name: string): string => resolveText(properties[name], place(name), ids),
    number: (name: string, otherwise: number): number =>
      properties[name] === undefined ? otherwise : Number(resolveText(properties[name], place(name), ids)),
    texts: (name: string, values: Readonly<Record<string, unknown>>): Record<string, string> =>
      Object.fromEntries(
        Object.entries(values).map(([key, value]) => [key, resolveText(value, place(`${name}.${key}`), ids)]),
      ),
    raw: properties,
  };
}
