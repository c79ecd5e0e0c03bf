import { SQSClient } from '@aws-sdk/client-sqs';
import { region } from '../lambda/lambda-environment.ts';

/** For commands that talk to the queues of a local runtime. Leaving its scope closes it. */
export function localSqsClient(endpoint: string): SQSClient & Disposable {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new SQSClient({ endpoint, region, credentials });
  return Object.assign(client, { [Symbol.dispose]: () => client.destroy() });
}
