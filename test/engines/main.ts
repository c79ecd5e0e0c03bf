// npm run test:engines: what the store's tests ask of dynalite in `npm test`, they ask of other engines here.
//   TEST_ENGINES_CACHE          where the download stays between runs (default: .local/engines)
//   ENGINE_DYNAMODB_ENDPOINT    one more engine, which runs already; AWS_REGION, AWS_ACCESS_KEY_ID, … are for it
//   ENGINE_DYNAMODB_NAME        which one that is (default: MiniStack)
import { resolve } from 'node:path';
import { atEnd, phase, runProgram, skip } from '../program.ts';
import { installDynamoDbLocal, missingForDynamoDbLocal, startDynamoDbLocal } from './dynamodb-local.ts';
import { runContract } from './run-contract.ts';

const { env } = process;

async function testEngines(): Promise<void> {
  await onDynamoDbLocal(resolve(env['TEST_ENGINES_CACHE'] || '.local/engines'));
  const endpoint = env['ENGINE_DYNAMODB_ENDPOINT'];
  const name = env['ENGINE_DYNAMODB_NAME'] || 'MiniStack';
  if (endpoint) await phase(`The store's contract on ${name}`, () => runContract({ name, endpoint }, env));
  else console.log('· No other engine: ENGINE_DYNAMODB_ENDPOINT names none.');
}

async function onDynamoDbLocal(cache: string): Promise<void> {
  const missing = await missingForDynamoDbLocal();
  if (missing !== undefined) {
    skip('DynamoDB Local', missing);
    return;
  }
  const jars = await phase('Fetching DynamoDB Local, unless it is there', () => installDynamoDbLocal(cache));
  const started = await phase('Starting it', () => startDynamoDbLocal(jars));
  atEnd(() => started.close());
  const { engine } = started;
  const environment = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };
  await phase(`The store's contract on ${engine.name}`, () => runContract(engine, environment));
}

await runProgram(testEngines, 'Every engine that was asked does for the store what dynalite does.');
