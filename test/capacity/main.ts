import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { countActions } from './count.ts';
import { tablesOf, withTables } from './document.ts';
import { countFixed } from './fixed.ts';

/**
 * `npm run capacity`: counts what the extension uses of each service, and prints what that costs. `-- --write` puts the tables
 * into docs/capacity.md.
 */
const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
const tables = tablesOf(await countActions(), countFixed());
if (values.write) {
  const file = 'docs/capacity.md';
  writeFileSync(file, withTables(readFileSync(file, 'utf8'), tables));
} else {
  process.stdout.write(`${Object.values(tables).join('\n\n')}\n`);
}
