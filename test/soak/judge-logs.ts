import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ending } from './ending.ts';
import type { Evidence } from './evidence.ts';
import type { Rule } from './rules.ts';

/** Every credential of this run begins like this: tokens, codes and the API secret. */
const canary = 'CANARY';

/** No secret stands in a log or, in clear, in a table; nothing fails in a way that nobody thought of. */
export function judgeLogs({ lines }: Evidence, { logs, tables }: Ending, dataDir: string): Rule[] {
  const secrets = [...spellings(canary), ...ownSecrets(dataDir)];
  const told = logs.filter((line) => secrets.some((secret) => line.includes(secret)));
  const unexpected = logs.filter((line) =>
    /Task timed out|Malformed result|Invoke Error|Runtime exited|Init took/.test(line),
  );
  const strange = lines.filter(
    ({ fields }) => fields['code'] === 'internal' && fields['error'] !== 'PlatformResponseError',
  );
  const corrupt = lines.filter(({ fields }) => fields['outcome'] === 'malformed');
  return [
    {
      claim: 'no secret stands in a log',
      // Not the line itself: whoever reads this output reads the secret.
      violations: told.map((line) => ({
        what: `a secret stands in a line of ${line.split('|')[0]?.trim() ?? 'the log'}`,
      })),
    },
    {
      claim: 'no credential stands in a table in clear',
      violations: secrets.some((secret) => tables.includes(secret)) ? [{ what: 'a table holds one' }] : [],
    },
    {
      claim: 'nothing fails for a reason that nobody thought of',
      violations: [
        ...unexpected.map((line) => ({ what: line.trim() })),
        ...[...strange, ...corrupt].map(({ at, source, fields }) => ({
          at,
          what: `${source}: ${JSON.stringify(fields)}`,
        })),
      ],
    },
  ];
}

/** As it is, and inside of base64, where it looks different at each of three places. */
function spellings(text: string): string[] {
  const inside = [0, 1, 2].map((offset) => {
    const encoded = Buffer.from(`${'x'.repeat(offset)}${text}`)
      .toString('base64')
      .replace(/=+$/, '');
    // The first and last characters depend on what stands around.
    return encoded.slice(offset === 0 ? 0 : offset + 1, (text.length + offset) % 3 === 0 ? undefined : -1);
  });
  return [text, ...inside];
}

/** The keys that the stack generated. */
function ownSecrets(dataDir: string): string[] {
  const found: string[] = [];
  JSON.parse(readFileSync(join(dataDir, 'secrets.json'), 'utf8'), (name, value: unknown) => {
    if (name === 'value' && typeof value === 'string') found.push(...(value.match(/[\w+/=-]{24,}/g) ?? []));
    return value;
  });
  return found;
}
