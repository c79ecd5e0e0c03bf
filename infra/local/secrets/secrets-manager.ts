import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { nextStage } from '../../../shared/contract.ts';
import { type AccessKey, refuseStranger } from '../host/access.ts';
import { closeServer, listenInternally } from '../host/listen.ts';
import { readBody } from '../host/read-body.ts';
import { StartError } from '../host/start-error.ts';
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
  readonly VersionStages?: readonly string[];
  readonly ClientRequestToken?: string;
}

export interface LocalSecretsManager {
  readonly store: SecretStore;
  readonly accessKey: AccessKey;
  /** Told in a sentence why a request could not be answered. */
  readonly warn: (sentence: string) => void;
  /** A secret has another value. */
  readonly onPut?: () => void;
}

const maximumRequestBytes = 131_072;
const contentType = 'application/x-amz-json-1.1';

/**
 * Secrets Manager's GetSecretValue and PutSecretValue over the AWS JSON 1.1 protocol
 * (https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html), for the SDK of this run's functions.
 */
export async function startSecretsManager(manager: LocalSecretsManager): Promise<StandIn> {
  const { warn } = manager;
  const server = createServer((request, response) => {
    answer(request, response, manager).catch((error: unknown) => {
      // A function that was killed in the middle of its request.
      if (request.errored) return response.destroy();
      warn(error instanceof StartError ? error.message : `A secret could not be answered: ${String(error)}`);
      return response.writeHead(500, { 'content-type': contentType }).end('{"__type":"InternalServiceError"}');
    });
  });
  return { endpoint: await listenInternally(server), close: () => closeServer(server) };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { store, accessKey, onPut }: LocalSecretsManager,
): Promise<void> {
  const body = await readBody(request, maximumRequestBytes);
  const send = (status: number, content: unknown) => {
    response.writeHead(status, { 'content-type': contentType }).end(JSON.stringify(content));
  };
  const stranger = refuseStranger(request.headers, request.socket.localPort, accessKey);
  if (stranger) return send(stranger.status, stranger.body);
  const refuse = (type: string, message: string) => send(400, { __type: type, message });
  const operation = String(request.headers['x-amz-target'] ?? '').replace(/^secretsmanager\./, '');
  const {
    SecretId = '',
    VersionId,
    VersionStage,
    SecretString,
    VersionStages = ['AWSCURRENT'],
    ClientRequestToken,
  } = JSON.parse(String(body ?? '{}')) as Input;
  if (operation === 'GetSecretValue') {
    const found = store.find(SecretId, { stage: VersionStage, versionId: VersionId });
    if (found) return send(200, { ...describe(found), SecretString: found.version.value });
    return refuse('ResourceNotFoundException', `Secrets Manager can't find the specified secret value.`);
  }
  if (operation === 'PutSecretValue') {
    if (SecretString === undefined) return refuse('InvalidRequestException', 'You must provide SecretString.');
    const [stage, ...others] = VersionStages;
    if (others.length > 0 || (stage !== 'AWSCURRENT' && stage !== nextStage)) {
      return refuse('InvalidParameterException', `On this machine a value is put as AWSCURRENT or as ${nextStage}.`);
    }
    const same = ClientRequestToken && store.find(SecretId, { versionId: ClientRequestToken });
    if (same && same.version.value === SecretString) return send(200, describe(same));
    if (same) return refuse('ResourceExistsException', 'There is a version of that name, with another value.');
    const put = store.put(SecretId, SecretString, stage, ClientRequestToken);
    if (put) {
      onPut?.();
      return send(200, describe(put));
    }
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
