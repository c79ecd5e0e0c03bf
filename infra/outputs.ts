import { CfnOutput, type Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { secretOutputOf } from '../shared/own-variables.ts';
import type { Resources } from './functions.ts';
import type { SingleSecret } from './resources/secrets.ts';

/** What whoever deploys the stack needs to know. */
export function addOutputs(
  stack: Stack,
  { baseUrl, secrets, ownSecrets, edgeKey, workQueue, receivedEvents, ...tables }: Resources,
): void {
  const output = (id: string, value: string, description: string) => addOutput(stack, id, value, description);
  const put = (secret: SingleSecret, value: string): string =>
    `aws secretsmanager put-secret-value --region ${stack.region} --secret-id ${secret.secretArn} --secret-string '${value}'`;
  output('ExtensionUrl', baseUrl, "Paste this as the extension's base URL in the partner panel.");
  output('SetApiKey', put(secrets.apiKey, 'API_KEY'), 'Run this once with the API key from the partner panel.');
  output('SetApiSecret', put(secrets.apiSecret, 'API_SECRET'), 'Run this once with the API secret from there.');
  for (const [name, secret] of ownSecrets) {
    output(secretOutputOf(name), secret.secretArn, `The secret ${name}: npm run configure stores its value.`);
  }
  if (edgeKey !== undefined)
    output('EdgeKey', edgeKey.secretArn, 'The secret that CloudFront brings to the functions.');
  output('InstallationsTableName', tables.installations.tableName, 'Who is installed. It stays when the stack goes.');
  output('UserCacheTableName', tables.userCache.tableName, 'Cached responses. It stays too and may be deleted.');
  output('DeliveriesTableName', tables.deliveries.tableName, 'Handled webhooks. It stays too and may be deleted.');
  output('TokenKeySecretId', secrets.tokenKey.secretArn, 'The key of stored tokens: npm run migrate seals with it.');
  output('SessionKeySecretId', secrets.sessionKey.secretArn, 'The key of sessions: npm run rotate -- session');
  output('WebhookKeySecretId', secrets.webhookKey.secretArn, 'The key of webhooks: npm run rotate -- webhook');
  output('WorkQueueUrl', workQueue.queueUrl, 'Work that waits: events, lifecycle jobs, scheduled work.');
  const deadLettersUrl = workQueue.deadLetters.queueUrl;
  const redrive = `npm run redrive -- --from ${deadLettersUrl} --to ${workQueue.queueUrl}`;
  output('DeadLetterQueueUrl', deadLettersUrl, 'Work that failed for good.');
  output('Redrive', redrive, 'Run this once its cause is mended: it brings that work back.');
  if (receivedEvents === undefined) return;
  const { queue, deadLetters, bus } = receivedEvents;
  output('ReceivedEventsUrl', queue.queueUrl, 'Events that another account sends.');
  if (bus !== undefined) output('ReceivedEventsBus', bus.eventBusArn, 'The bus that another account sends events to.');
  const again = `npm run redrive -- --from ${deadLetters.queueUrl} --to ${queue.queueUrl}`;
  output('RedriveReceivedEvents', again, 'The same for what was received and could not be read or queued.');
}

/** A line that a deployment prints at its end, and consoles show. */
export function addOutput(scope: Construct, id: string, value: string, description: string): CfnOutput {
  return new CfnOutput(scope, id, { value, description });
}
