type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
type Objects = Readonly<Record<string, Json>>;

/** What the author names, whatever the template calls itself. */
const authors =
  /^(name|version|description|author|license|private|repository|homepage|bugs|keywords|context\.(stackName|region))$/;
/** npm keeps these in the order of their names. */
const sorted = /^(dependencies|devDependencies|packages)$/;

/**
 * Merges what both sides made of a JSON file, field by field: what only one side changed is that side's. Where both changed
 * one, the author's name of the extension stays, all else becomes the template's; those are told in `overruled`.
 */
export function mergeJson(base: Json, ours: Json, theirs: Json): { merged: Json; overruled: string[] } {
  const overruled: string[] = [];
  const merge = (
    path: string,
    was: Json | undefined,
    our: Json | undefined,
    their: Json | undefined,
  ): Json | undefined => {
    if (isSame(our, their) || isSame(was, their)) return our;
    if (isSame(was, our)) return their;
    if (isObject(our) && isObject(their)) {
      const keys = [...new Set([...Object.keys(their), ...Object.keys(our)])];
      if (sorted.test(path)) keys.sort();
      const entries = keys.flatMap((key) => {
        const below = path === '' ? key : `${path}.${key}`;
        const value = merge(below, isObject(was) ? was[key] : undefined, our[key], their[key]);
        return value === undefined ? [] : [[key, value] as const];
      });
      return Object.fromEntries(entries);
    }
    if (authors.test(path)) return our;
    overruled.push(path);
    return their;
  };
  const merged = merge('', base, ours, theirs) ?? null;
  return { merged, overruled };
}

const isObject = (value: Json | undefined): value is Objects =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function isSame(one: Json | undefined, other: Json | undefined): boolean {
  return one === other || (one !== undefined && other !== undefined && JSON.stringify(one) === JSON.stringify(other));
}
