import type { Aws } from '../../infra/emulator/aws.ts';
import { check } from '../../infra/emulator/failure.ts';
import type { Resources } from './check-resources.ts';

/** Every credential of the tests begins like this. */
const canary = 'CANARY';

/** No credential stands in a log or, in clear, in a table. @throws naming where it does. */
export async function checkSecrecy(aws: Aws, resources: Resources): Promise<{ logLines: number; items: number }> {
  let logLines = 0;
  for (const logGroupName of resources.names('AWS::Logs::LogGroup')) {
    for await (const page of pages(aws, logGroupName)) {
      logLines += page.length;
      check(!JSON.stringify(page).includes(canary), `A credential stands in the log ${logGroupName}.`);
    }
  }
  let items = 0;
  for (const TableName of resources.names('AWS::DynamoDB::GlobalTable')) {
    const { Items } = await aws.ask<{ Items: unknown[] }>('dynamodb', 'Scan', { TableName });
    items += Items.length;
    check(!JSON.stringify(Items).includes(canary), `A credential stands in the table ${TableName}.`);
  }
  check(logLines > 0 && items > 0, 'The logs or the tables of the deployed stack are empty.');
  return { logLines, items };
}

async function* pages(aws: Aws, logGroupName: string): AsyncGenerator<unknown[]> {
  let nextToken: string | undefined;
  do {
    const page = await aws.ask<{ events: unknown[]; nextToken?: string }>('logs', 'FilterLogEvents', {
      logGroupName,
      ...(nextToken && { nextToken }),
    });
    yield page.events;
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
}
