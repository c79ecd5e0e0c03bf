import { randomInt } from 'node:crypto';
import type { GenerateSecretString } from './secret-definition.ts';

const classes = {
  lowercase: 'abcdefghijklmnopqrstuvwxyz',
  uppercase: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  numbers: '0123456789',
  punctuation: '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
} as const;

/** A random value as Secrets Manager makes it when a stack is deployed: 32 characters of every kind by default. */
export function generateSecretString(rules: GenerateSecretString): string {
  const password = generatePassword(rules);
  if (rules.GenerateStringKey === undefined) return password;
  const template = JSON.parse(rules.SecretStringTemplate ?? '{}') as Record<string, unknown>;
  return JSON.stringify({ ...template, [rules.GenerateStringKey]: password });
}

function generatePassword(rules: GenerateSecretString): string {
  const kinds = [
    rules.ExcludeLowercase ? '' : classes.lowercase,
    rules.ExcludeUppercase ? '' : classes.uppercase,
    rules.ExcludeNumbers ? '' : classes.numbers,
    rules.ExcludePunctuation ? '' : classes.punctuation,
    rules.IncludeSpace ? ' ' : '',
  ]
    .map((kind) =>
      kind
        .split('')
        .filter((character) => !rules.ExcludeCharacters?.includes(character))
        .join(''),
    )
    .filter(Boolean);
  const all = kinds.join('');
  const length = rules.PasswordLength ?? 32;
  for (;;) {
    const password = Array.from({ length }, () => all[randomInt(all.length)]).join('');
    // Each kind occurs, as RequireEachIncludedType demands by default.
    if (
      length < kinds.length ||
      kinds.every((kind) => kind.split('').some((character) => password.includes(character)))
    ) {
      return password;
    }
  }
}
