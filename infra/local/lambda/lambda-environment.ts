import type { AccessKey } from '../host/access.ts';
import type { FunctionDefinition } from './function-definition.ts';

/** Where the SDK finds the stand-ins (https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html). */
export interface LocalEndpoints {
  readonly dynamoDb: string;
  readonly secretsManager: string;
  readonly sqs: string;
  /** What they demand. */
  readonly accessKey: AccessKey;
}

export const region = 'us-east-1';
export const accountId = '000000000000';

/**
 * What a function's `process.env` holds: the variables of the stack and those that Lambda itself sets
 * (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html). Nothing of this machine's environment.
 */
export function lambdaEnvironment(
  definition: FunctionDefinition,
  endpoints: LocalEndpoints,
): Readonly<Record<string, string>> {
  return {
    ...definition.environment,
    _HANDLER: definition.handler,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EXECUTION_ENV: `AWS_Lambda_${definition.runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: definition.name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memoryMegabytes),
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${definition.name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: 'local',
    LAMBDA_TASK_ROOT: definition.directory,
    LANG: 'en_US.UTF-8',
    TZ: 'UTC',
    AWS_ACCESS_KEY_ID: endpoints.accessKey.accessKeyId,
    AWS_SECRET_ACCESS_KEY: endpoints.accessKey.secretAccessKey,
    AWS_SESSION_TOKEN: 'local',
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamoDb,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoints.secretsManager,
    AWS_ENDPOINT_URL_SQS: endpoints.sqs,
  };
}
