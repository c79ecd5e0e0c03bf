import { closestMatch } from 'leven';
import { type Extension, eventKeyOf } from '../shared/config.ts';
import { knownEvents, knownScopes } from '../shared/known-names.ts';

/** What a few keys pressed wrong make of a name. */
const maxDistance = 3;

/**
 * Names in a configuration that nothing public knows: a sentence for each, with the one that was probably meant. They are
 * questions, not errors: the platform knows more than its documents say. `unlisted` in the configuration answers them.
 * `file` is where the configuration comes from, for the sentence.
 */
export function questionsAbout(
  { scopes, events, unlisted }: Pick<Extension, 'scopes' | 'events' | 'unlisted'>,
  file: string,
): string[] {
  const ask = (kind: string, field: string, names: readonly string[], known: readonly string[]) => {
    const spelled = known.filter((one) => !one.endsWith('/*'));
    return names
      .filter((name) => !unlisted.includes(name) && !isKnown(name, known))
      .map((name) => {
        const meant = closestMatch(name, spelled, { maxDistance });
        const question = meant === undefined ? '' : ` Did you mean "${meant}"?`;
        return `${file}: ${field} names "${name}", ${kind} that no public document of the platform knows.${question} If it is right, add it to "unlisted".`;
      });
  };
  return [
    ...ask('a scope', 'scopes', scopes, knownScopes),
    ...ask('an event', 'events', events.map(eventKeyOf), knownEvents),
  ];
}

/** A wildcard is known by what it covers. */
function isKnown(name: string, known: readonly string[]): boolean {
  return name.endsWith('/*') ? known.some((one) => one.startsWith(name.slice(0, -1))) : known.includes(name);
}
