import type { TableDefinition } from '../dynamodb/tables.ts';
import { shortName } from '../host/log-entry.ts';
import { StartError } from '../host/start-error.ts';
import type { Route } from '../http-api/match-route.ts';
import type { FunctionDefinition } from '../lambda/function-definition.ts';
import type { SecretDefinition } from '../secrets/secret-definition.ts';
import type { MappingDefinition, QueueDefinition, ScheduleDefinition } from '../sqs/queue-definition.ts';
import type { PhysicalIds } from './physical-ids.ts';
import type { Assembly } from './read-assembly.ts';
import { readQueues } from './read-queues.ts';
import { type ResourceReader, readResource } from './read-resource.ts';
import { resolveText } from './resolve-value.ts';

/** Everything that the local runtime serves, as the template says it. */
export interface Stack {
  readonly apiId: string;
  readonly stage: string;
  readonly routes: readonly Route[];
  readonly functions: readonly FunctionDefinition[];
  readonly tables: readonly TableDefinition[];
  readonly secrets: readonly SecretDefinition[];
  readonly queues: readonly QueueDefinition[];
  readonly mappings: readonly MappingDefinition[];
  readonly schedules: readonly ScheduleDefinition[];
  /** Resources that do something when deployed and nothing here: logical id and type. */
  readonly notServed: readonly string[];
}

const tableTypes = ['AWS::DynamoDB::GlobalTable', 'AWS::DynamoDB::Table'];
/** Services whose resources act by themselves; roles, logs, keys and alarms are of no account on this machine. */
const actingServices = /^AWS::(Events|Pipes|S3|SNS|SQS|Scheduler|StepFunctions)::|^AWS::Lambda::EventSourceMapping$/;
/** Of those services, what acts only through others. */
const passive = /Policy$|^AWS::Scheduler::ScheduleGroup$/;
/** The construct of the alarms' topic: nothing goes off on this machine. */
const ofAlarms = /^Alarms/;

const isFile = /^[^\s\\]+\.ts$/;

const lambdaDefaults = { memoryMegabytes: 128, timeoutSeconds: 3 };
const integrationTimeoutMilliseconds = 30_000;

/** @throws {StartError} naming the resource and the property that cannot be served. */
export function readStack(assembly: Assembly, ids: PhysicalIds): Stack {
  const entries = Object.entries(assembly.resources);
  const ofType = (type: string) =>
    entries.filter(([, resource]) => resource.Type === type).map(([id, resource]) => readResource(id, resource, ids));
  const functions = ofType('AWS::Lambda::Function').map((resource) => readFunction(resource, assembly, ids));
  const [api, ...otherApis] = ofType('AWS::ApiGatewayV2::Api');
  const [stage, ...otherStages] = ofType('AWS::ApiGatewayV2::Stage');
  if (!api || !stage || otherApis.length > 0 || otherStages.length > 0) {
    throw new StartError(
      'The local runtime serves one HTTP API with one stage; the template has another number of them.',
    );
  }
  if (api.optional('CorsConfiguration') !== undefined) {
    throw new StartError(`The template's ${api.id}.CorsConfiguration: the local runtime answers no CORS preflights.`);
  }
  const { servedIds, ...queues } = readQueues(ofType, functions, assembly, ids);
  const integrations = new Map(ofType('AWS::ApiGatewayV2::Integration').map((resource) => [resource.id, resource]));
  const integrationOf = (route: ResourceReader) =>
    integrations.get(route.text('Target').replace(/^integrations\//, ''));
  const { here = [], elsewhere = [] } = Object.groupBy(ofType('AWS::ApiGatewayV2::Route'), (route) =>
    leadsElsewhere(integrationOf(route)) ? 'elsewhere' : 'here',
  );
  return {
    apiId: ids.name(api.id),
    stage: stage.text('StageName'),
    routes: here.map((route) => {
      const integration = integrationOf(route);
      const target =
        integration && functions.find(({ name }) => name === functionName(integration.text('IntegrationUri')));
      if (!integration || !target)
        throw new StartError(`The template's ${route.id}.Target names no function of the stack.`);
      if (integration.text('PayloadFormatVersion') !== '2.0') {
        throw new StartError(`The template's ${integration.id}.PayloadFormatVersion is not 2.0.`);
      }
      return {
        key: route.text('RouteKey'),
        functionId: target.logicalId,
        timeoutMilliseconds: integration.number('TimeoutInMillis', integrationTimeoutMilliseconds),
      };
    }),
    functions,
    tables: tableTypes.flatMap(ofType).map((table) => ({
      logicalId: table.id,
      name: ids.name(table.id),
      keySchema: table.value('KeySchema') as TableDefinition['keySchema'],
      attributeDefinitions: table.value('AttributeDefinitions') as TableDefinition['attributeDefinitions'],
      globalSecondaryIndexes: (table.optional('GlobalSecondaryIndexes') ??
        []) as TableDefinition['globalSecondaryIndexes'],
      timeToLiveAttribute: (table.optional('TimeToLiveSpecification') as { AttributeName?: string } | undefined)
        ?.AttributeName,
    })),
    secrets: ofType('AWS::SecretsManager::Secret').map((secret) => ({
      logicalId: secret.id,
      name: ids.name(secret.id),
      arn: ids.arn(secret.id),
      initialValue: secret.optional('SecretString') === undefined ? undefined : secret.text('SecretString'),
      generate: secret.optional('GenerateSecretString') as SecretDefinition['generate'],
    })),
    ...queues,
    notServed: [
      ...entries
        .filter(
          ([id, { Type: type }]) =>
            actingServices.test(type) && !passive.test(type) && !servedIds.has(id) && !ofAlarms.test(id),
        )
        .map(([id, { Type: type }]) => `${id} (${type})`),
      ...elsewhere.map((route) => `the route ${route.text('RouteKey')}, which leads to no function`),
    ],
  };
}

function readFunction(resource: ResourceReader, assembly: Assembly, ids: PhysicalIds): FunctionDefinition {
  const runtime = resource.text('Runtime');
  if (!runtime.startsWith('nodejs'))
    throw new StartError(`The template's ${resource.id}.Runtime is ${runtime}: only Node.js runs here.`);
  const code = resource.raw['Code'] as { readonly S3Key?: unknown } | undefined;
  const key = resolveText(code?.S3Key, `${resource.id}.Code.S3Key`, ids);
  const directory = assembly.assetDirectory(key);
  if (directory === undefined) throw new StartError(`The template's ${resource.id}.Code is not an asset of the stack.`);
  const variables = resource.raw['Environment'] as { readonly Variables?: Record<string, unknown> } | undefined;
  const name = ids.name(resource.id);
  const description = resource.optional('Description');
  return {
    logicalId: resource.id,
    name,
    // The template's functions and the author's are described by their entry file.
    label: typeof description === 'string' && isFile.test(description) ? description : shortName(name),
    arn: ids.arn(resource.id),
    directory,
    sourceMap: assembly.sourceMap(directory),
    handler: resource.text('Handler'),
    runtime,
    memoryMegabytes: resource.number('MemorySize', lambdaDefaults.memoryMegabytes),
    timeoutSeconds: resource.number('Timeout', lambdaDefaults.timeoutSeconds),
    environment: resource.texts('Environment.Variables', variables?.Variables ?? {}),
  };
}

/** Routes of the author's may lead to an address, or to a service of AWS. */
function leadsElsewhere(integration: ResourceReader | undefined): boolean {
  if (integration === undefined) return false;
  return (
    integration.text('IntegrationType') !== 'AWS_PROXY' || integration.optional('IntegrationSubtype') !== undefined
  );
}

/** From a function's ARN, alone or inside the URI that API Gateway calls it by. */
function functionName(uri: string): string | undefined {
  return /:function:([^:/]+)/.exec(uri)?.[1];
}
