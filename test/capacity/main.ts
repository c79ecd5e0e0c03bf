import { readFileSync, writeFileSync } from 'node:fs';
import { readOptions } from '../program.ts';
import { countActions } from './count.ts';
import { tablesOf, withTables } from './document.ts';
import { countFixed } from './fixed.ts';

const usage = `npm run capacity -- [--write]

Counts what the extension uses of each service, on this machine and without an account, and prints what that costs, as tables.
It takes some fifteen seconds.

  --write   puts the tables into docs/capacity.md, and prints nothing`;

const { write } = readOptions(usage, { write: { type: 'boolean', default: false } });
const tables = tablesOf(await countActions(), countFixed());
if (write) {
  const file = 'docs/capacity.md';
  writeFileSync(file, withTables(readFileSync(file, 'utf8'), tables));
} else {
  process.stdout.write(`${Object.values(tables).join('\n\n')}\n`);
}
