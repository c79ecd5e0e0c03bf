import { resolve } from 'node:path';
import { sweepSchedule } from '../../shared/contract.ts';
import { installDynamoDbLocal, missingForDynamoDbLocal, startDynamoDbLocal } from '../engines/dynamodb-local.ts';
import { readOptions } from '../program.ts';
import { startTables } from '../shared/fixture/dynamodb.ts';
import { engineVariable } from '../shared/fixture/engine.ts';
import { putCompanies, runThroughPages } from './run-schedules.ts';

const usage = `npm run growth -- [--rows NUMBER]

How long a schedule and the sweep take to go through the listing of so many companies, on DynamoDB Local where Java and Maven
are there, otherwise on dynalite.

  --rows NUMBER   how many companies. Default: 100000`;

const values = readOptions(usage, { rows: { type: 'string', default: '100000' } });
const rows = Number(values.rows);
if (!Number.isInteger(rows) || rows < 1) {
  console.error('--rows must be a whole number from 1 on.');
  process.exit(1);
}
const say = (text: string) => process.stderr.write(`${text}\n`);

const missing = await missingForDynamoDbLocal();
if (missing !== undefined) say(`On dynalite: DynamoDB Local needs ${missing}.`);
const local =
  missing === undefined
    ? await startDynamoDbLocal(await installDynamoDbLocal(resolve('.local', 'engines')))
    : undefined;
try {
  if (local !== undefined) {
    const accessKey = { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local', AWS_REGION: 'us-east-1' };
    Object.assign(process.env, accessKey, { [engineVariable]: JSON.stringify(local.engine) });
  }
  const tables = await startTables();
  try {
    const steps = [...new Set([Math.ceil(rows / 100), Math.ceil(rows / 10), rows])];
    let there = 0;
    for (const step of steps) {
      await putCompanies(tables, there + 1, step);
      there = step;
      for (const name of ['nightly', sweepSchedule] as const) {
        const { pages, messages, databaseCalls, ms } = await runThroughPages(tables, name);
        const each = (ms / pages).toFixed(1);
        process.stdout.write(
          `${there} companies, ${name}: ${pages} pages, ${messages} messages, ${databaseCalls} calls of DynamoDB, ${(ms / 1_000).toFixed(1)} s, ${each} ms a page\n`,
        );
      }
    }
  } finally {
    await tables.close();
  }
} finally {
  await local?.close();
}
