import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { closeServer, listenInternally } from '../host/listen.ts';
import { readBody } from '../host/read-body.ts';
import type { FoundSecret, SecretStore } from './secret-store.ts';

export interface StandIn {
  readonly endpoint: string;
  close(): Promise<void>;
}

interface Input {
  readonly SecretId?: string;
  readonly VersionId?: string;
  readonly VersionStage?: string;
  readonly SecretString?: string;
}

const maximumRequestBytes = 131_072;

/**
 * Secrets Manager's GetSecretValue and PutSecretValue over the AWS JSON 1.1 protocol
 * (https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html), for the SDK of this run's functions.
 */
export async function startSecretsManager(store: SecretStore): Promise<StandIn> {
  const server = createServer((request, response) => {
    answer(request, response, store).catch(() => response.destroy());
  });
  return { endpoint: await listenInternally(server), close: () => closeServer(server) };
}

async function answer(request: IncomingMessage, response: ServerResponse, store: SecretStore): Promise<void> {
  const body = await readBody(request, maximumRequestBytes);
  const send = (status: number, content: unknown) => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(content));
  };
  const refuse = (type: string, message: string) => send(400, { __type: type, message });
  const operation = String(request.headers['x-amz-target'] ?? '').replace(/^secretsmanager\./, '');
  const { SecretId = '', VersionId, VersionStage, SecretString } = JSON.parse(String(body ?? '{}')) as Input;
  if (operation === 'GetSecretValue') {
    const found = store.find(SecretId, { stage: VersionStage, versionId: VersionId });
    if (found) return send(200, { ...describe(found), SecretString: found.version.value });
    return refuse('ResourceNotFoundException', `Secrets Manager can't find the specified secret value.`);
  }
  if (operation === 'PutSecretValue') {
    if (SecretString === undefined) return refuse('InvalidRequestException', 'You must provide SecretString.');
    const put = store.put(SecretId, SecretString);
    if (put) return send(200, describe(put));
    return refuse('ResourceNotFoundException', `Secrets Manager can't find the specified secret.`);
  }
  return refuse('UnknownOperationException', `The local Secrets Manager does not know ${operation}.`);
}

function describe({ definition, version, stages }: FoundSecret): Record<string, unknown> {
  return {
    ARN: definition.arn,
    Name: definition.name,
    VersionId: version.versionId,
    VersionStages: stages,
    CreatedDate: version.createdAt,
  };
}
