import { SQSClient } from '@aws-sdk/client-sqs';
import type { AccessKey } from '../host/access.ts';
import { region } from '../lambda/lambda-environment.ts';

/** For commands that talk to the queues of a local runtime. Leaving its scope closes it. */
export function localSqsClient(endpoint: string, credentials: AccessKey): SQSClient & Disposable {
  const client = new SQSClient({ endpoint, region, credentials });
  return Object.assign(client, { [Symbol.dispose]: () => client.destroy() });
}
