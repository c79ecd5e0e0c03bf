import { describe, expect, test } from 'vitest';
import { baseUrlOf } from '../../infra/stage.ts';
import { ConfigurationError, type ExtensionInput, type StageInput } from '../../shared/config.ts';
import { parseExtension } from '../../shared/parse-extension.ts';
import {
  busySample,
  calledSample,
  ofType,
  type Resource,
  receivingSample,
  type Synthesized,
  sample,
  single,
  synthesizedStack,
} from './synthesized-stack.ts';

/** Everything that an extension may have. */
const everything: ExtensionInput = {
  ...calledSample,
  ...busySample,
  events: { ...busySample.events, ...receivingSample.events },
  partner: { scopes: ['organization/themes'] },
  secrets: { slackUrl: { for: ['./test/extension/products.ts'] } },
  edge: true,
};

/** The same, without what is in front. */
const everythingHere: ExtensionInput = { ...everything, edge: false };

const staged = (
  stage: StageInput,
  extension = sample,
  options: { readonly name?: string; readonly region?: string; readonly context?: Record<string, string> } = {},
) =>
  synthesizedStack({
    extension: { ...extension, stages: { [options.name ?? 'prod']: stage } },
    stage: options.name ?? 'prod',
    ...(options.region !== undefined && { region: options.region }),
    ...(options.context !== undefined && { context: options.context }),
    ...(stage.baseUrl !== undefined && { baseUrl: stage.baseUrl }),
  });

const stateful = ['AWS::DynamoDB::GlobalTable', 'AWS::KMS::Key', 'AWS::SecretsManager::Secret', 'AWS::SQS::Queue'];

function statefulIds({ resources }: Synthesized): string[] {
  return Object.entries(resources)
    .filter(([, { Type }]) => stateful.includes(Type))
    .map(([id]) => id)
    .sort();
}

test('what holds data has the logical ids that deployed stacks know it by, with stages and without', () => {
  const ids = statefulIds(synthesizedStack());
  // Another id here is another, empty table or key in every deployment that there is.
  expect(ids).toEqual([
    'DeliveriesBF2F7293',
    'Installations4BA2EDC8',
    'InstallationsKey71169501',
    'SecretsApiKey92A01E51',
    'SecretsApiSecretA53FDED3',
    'SecretsSessionKeyBDCFDE07',
    'SecretsTokenKeyDB23CA28',
    'SecretsWebhookKey8B5A7480',
    'UserCache49B65B5A',
    'WorkQueue94013F35',
    'WorkQueueDeadLetters22C59BE0',
  ]);
  expect(statefulIds(staged({}))).toEqual(ids);
  expect(statefulIds(staged({ protected: false, gradual: true }))).toEqual(ids);
});

test('a configuration that names stages, of which none is chosen, makes the stack that it made before', () => {
  const { template, stack } = synthesizedStack({ extension: { ...sample, stages: { prod: { protected: false } } } });
  expect(template.toJSON()).toEqual(synthesizedStack().template.toJSON());
  expect(stack.terminationProtection).toBe(false);
  expect(stack.tags.tagValues()).toEqual({});
});

describe('a stage', () => {
  const kept = ({ resources }: Synthesized) =>
    Object.values(resources)
      .filter(({ DeletionPolicy }) => DeletionPolicy === 'Retain')
      .map(({ Type }) => Type)
      .sort();

  test('that is protected keeps tables and keys, and its stack cannot be deleted', () => {
    const prod = staged({});
    expect(kept(prod)).toEqual(kept(synthesizedStack()));
    expect(kept(prod)).toHaveLength(5);
    expect(prod.stack.terminationProtection).toBe(true);
    expect(prod.stack.tags.tagValues()).toEqual({ stage: 'prod' });
  });

  test('that is not protected goes with everything, tables and keys too', () => {
    const test = staged({ protected: false }, everything);
    expect(kept(test)).toEqual([]);
    expect(test.stack.terminationProtection).toBe(false);
    for (const { Properties } of ofType(test.resources, 'AWS::DynamoDB::GlobalTable').values()) {
      expect(
        (Properties['Replicas'] as { DeletionProtectionEnabled?: boolean }[])[0]?.DeletionProtectionEnabled,
      ).not.toBe(true);
    }
  });

  test('decides how long logs are kept, the access log included, and which lines are written', () => {
    const { resources } = staged({ logRetentionDays: 7, logLevel: 'error' });
    const logs = [...ofType(resources, 'AWS::Logs::LogGroup').values()];
    expect(logs.length).toBeGreaterThan(8);
    expect(new Set(logs.map(({ Properties }) => Properties['RetentionInDays']))).toEqual(new Set([7]));
    for (const variables of variablesOf(resources)) expect(variables).toMatchObject({ LOG_LEVEL: 'error' });
    for (const variables of variablesOf(staged({}).resources)) expect(variables).not.toHaveProperty('LOG_LEVEL');
  });

  test('keeps room for functions, and hands as many messages to the worker as it says', () => {
    const reserved = { './functions/page.ts': 50, './functions/worker.ts': 10 };
    const { resources } = staged({ concurrency: { worker: 9, reserved } });
    const kept = [...ofType(resources, 'AWS::Lambda::Function').values()].flatMap(({ Properties }) =>
      Properties['ReservedConcurrentExecutions'] === undefined
        ? []
        : [[Properties['Description'], Properties['ReservedConcurrentExecutions']]],
    );
    expect(Object.fromEntries(kept)).toEqual({ 'functions/page.ts': 50, 'functions/worker.ts': 10 });
    expect(single(resources, 'AWS::Lambda::EventSourceMapping').Properties['ScalingConfig']).toEqual({
      MaximumConcurrency: 9,
    });
  });

  test('that keeps room for what is no function, or for too few workers, is a sentence', () => {
    const refusal = (reserved: Record<string, number>) => () => staged({ concurrency: { reserved } });
    expect(refusal({ './functions/nowhere.ts': 1 })).toThrow(
      /^extension\.config\.ts: stages\.prod\.concurrency\.reserved names \.\/functions\/nowhere\.ts, which is no function of the stack\. There are: \.\/functions\/install\.ts, /,
    );
    expect(refusal({ './functions/worker.ts': 19 })).toThrow(/keeps room for fewer of \.\/functions\/worker\.ts than/);
    expect(refusal({ './functions/nowhere.ts': 1 })).toThrow(ConfigurationError);
  });
});

describe('the domain of a stage', () => {
  const certificateArn = 'arn:aws:acm:ap-south-1:111111111111:certificate/1';
  const domain = { name: 'lens.example.com', certificateArn };
  const isClosed = ({ resources }: Synthesized) =>
    single(resources, 'AWS::ApiGatewayV2::Api').Properties['DisableExecuteApiEndpoint'];

  test('leads to the API beside its own address, until it is the base URL: then the other one closes', () => {
    const beside = staged({ domain });
    expect(single(beside.resources, 'AWS::ApiGatewayV2::DomainName').Properties).toMatchObject({
      DomainName: 'lens.example.com',
      DomainNameConfigurations: [{ CertificateArn: certificateArn }],
    });
    beside.template.hasOutput('DomainTarget', { Description: 'Where DNS must lead lens.example.com.' });
    expect(isClosed(beside)).toBeUndefined();
    const alone = staged({ domain, baseUrl: 'https://lens.example.com' });
    expect(isClosed(alone)).toBe(true);
    alone.template.hasOutput('ExtensionUrl', { Value: 'https://lens.example.com' });
  });

  test('leads to CloudFront where that is in front', () => {
    const ofEdge = { ...domain, certificateArn: certificateArn.replace('ap-south-1', 'us-east-1') };
    const { resources } = staged({ domain: ofEdge, edge: true });
    expect(JSON.stringify(single(resources, 'AWS::CloudFront::Distribution'))).toContain('"lens.example.com"');
  });

  test('has a certificate of the region that it is used in, and is one alone', () => {
    expect(() => staged({ domain }, sample, { region: 'eu-west-1' })).toThrow(
      'The certificate of lens.example.com must be one of eu-west-1, the region of the stack.',
    );
    expect(() => staged({ domain, edge: true })).toThrow(/must be one of us-east-1, where CloudFront/);
  });
});

describe('the base URL of a stage', () => {
  const extension = parseExtension(
    { ...sample, stages: { prod: { baseUrl: 'https://lens.example.com' }, test: {} } },
    undefined,
    'prod',
  );

  test('is the one that it names', () => {
    expect(baseUrlOf(extension, undefined)).toBe('https://lens.example.com');
    expect(baseUrlOf(extension, 'lens.example.com')).toBe('https://lens.example.com');
    expect(baseUrlOf({}, 'lens.example.com')).toBe('https://lens.example.com');
    expect(baseUrlOf({}, '')).toBeUndefined();
  });

  test('is never what a shell, or cdk.json, still holds of another one', () => {
    expect(() => baseUrlOf(extension, 'https://other.example.com')).toThrow(
      'EXTENSION_BASE_URL names https://other.example.com, the stage prod has https://lens.example.com: take it out of the environment and of cdk.json, or change stages.prod.baseUrl.',
    );
    const other = parseExtension({ ...sample, stages: { test: {} } }, undefined, 'test');
    expect(() => baseUrlOf(other, 'https://lens.example.com')).toThrow(/the stage test has no baseUrl: take it out/);
  });
});

describe('a gradual stage', () => {
  const gradual = staged({ gradual: { percent: 20, minutes: 7 } }, everythingHere);
  const whole = staged({}, everythingHere);
  const { resources } = gradual;
  const functions = ofType(resources, 'AWS::Lambda::Function');
  const aliases = ofType(resources, 'AWS::Lambda::Alias');
  const all = (of: Synthesized, type: string) => Object.entries(of.resources).filter(([, { Type }]) => Type === type);
  /** What names a function, in any of the forms that CloudFormation has for it. */
  const called = (value: unknown) => JSON.stringify(value);

  test('has an alias for every function, that leads to a version which stays when there is another one', () => {
    const own = [...functions.keys()].filter((id) => id.endsWith('Function'));
    expect([...aliases.keys()]).toEqual(own.map((id) => `${id}Live`));
    expect(own.length).toBeGreaterThan(14);
    for (const { Properties } of aliases.values()) expect(Properties['Name']).toBe('live');
    for (const [, version] of all(gradual, 'AWS::Lambda::Version')) expect(version.DeletionPolicy).toBe('Retain');
    expect(all(whole, 'AWS::Lambda::Version')).toEqual([]);
  });

  test('has requests and queues call the aliases, and no function past them', () => {
    const callers = ['AWS::ApiGatewayV2::Integration', 'AWS::Lambda::EventSourceMapping', 'AWS::Lambda::Permission'];
    const places = callers.flatMap((type) => all(gradual, type).map(([, { Properties }]) => Properties));
    expect(places.length).toBeGreaterThan(25);
    for (const { IntegrationUri, FunctionName } of places)
      expect(called(IntegrationUri ?? FunctionName)).toMatch(/Function\w*Live/);
    // Another id would be a second mapping beside the one that takes the messages.
    const mappings = (of: Synthesized) => all(of, 'AWS::Lambda::EventSourceMapping').map(([id]) => id);
    expect(mappings(gradual)).toEqual(mappings(whole));
    expect(mappings(gradual)).toHaveLength(2);
  });

  test('moves a part first, and is taken back by alarms about what people see', () => {
    expect(single(resources, 'AWS::CodeDeploy::DeploymentConfig').Properties).toMatchObject({
      TrafficRoutingConfig: { TimeBasedCanary: { CanaryInterval: 7, CanaryPercentage: 20 }, Type: 'TimeBasedCanary' },
    });
    const groups = all(gradual, 'AWS::CodeDeploy::DeploymentGroup');
    expect(groups).toHaveLength(aliases.size);
    const names = gradual.stack.alarms.forRollback.map(({ alarmName }) => gradual.stack.resolve(alarmName) as unknown);
    expect(names.length).toBeGreaterThan(1);
    for (const [, { Properties }] of groups) {
      expect(Properties).toMatchObject({
        AlarmConfiguration: { Alarms: names.map((Name) => ({ Name })), Enabled: true },
        AutoRollbackConfiguration: {
          Enabled: true,
          Events: ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_REQUEST', 'DEPLOYMENT_STOP_ON_ALARM'],
        },
      });
    }
    for (const alias of aliases.values()) expect(JSON.stringify(alias)).toContain('"CodeDeployLambdaAliasUpdate"');
  });

  test('moves everything at once, past its alarms, where the context says so', () => {
    const atOnce = staged({ gradual: true }, sample, { context: { atOnce: 'true' } });
    expect(all(atOnce, 'AWS::CodeDeploy::DeploymentConfig')).toEqual([]);
    for (const [, { Properties }] of all(atOnce, 'AWS::CodeDeploy::DeploymentGroup')) {
      expect(Properties['DeploymentConfigName']).toBe('CodeDeployDefault.LambdaAllAtOnce');
      expect(JSON.stringify(Properties['AlarmConfiguration'] ?? {})).not.toContain('Alarms"');
    }
  });

  test('gives all functions the same release, and all of them another one where one changes', () => {
    const releases = (of: Synthesized) => new Set(variablesOf(of.resources).map((each) => Object(each).RELEASE));
    expect(releases(gradual).size).toBe(1);
    expect(releases(whole)).toEqual(new Set([undefined]));
    expect(releases(staged({ gradual: true }))).toEqual(releases(staged({ gradual: { percent: 50 } })));
    const changed = synthesizedStack({
      extension: { ...sample, stages: { prod: { gradual: true } } },
      stage: 'prod',
      addOwnResources: ({ worker }) => void worker.addEnvironment('TABLE', 'mine'),
    });
    expect(releases(changed).size).toBe(1);
    expect(releases(changed)).not.toEqual(releases(staged({ gradual: true })));
    expect(versionIds(changed)).toHaveLength(versionIds(staged({ gradual: true })).length);
    expect(versionIds(changed).filter((id) => versionIds(staged({ gradual: true })).includes(id))).toEqual([]);
  });

  const versionIds = (of: Synthesized) => all(of, 'AWS::Lambda::Version').map(([id]) => id);

  test("tells the author's resources what to call, and is what it was without the option", () => {
    let calls: unknown;
    const given = (stage: StageInput) =>
      synthesizedStack({
        extension: { ...sample, stages: { prod: stage } },
        stage: 'prod',
        addOwnResources: ({ stack, worker, live }) => (calls = stack.resolve(live(worker).functionArn)),
      });
    given({ gradual: true });
    expect(called(calls)).toContain('WorkerFunctionLive');
    given({});
    expect(called(calls)).not.toContain('Live');
    expect(JSON.stringify(whole.resources)).not.toMatch(/CodeDeploy|RELEASE|AWS::Lambda::(Alias|Version)/);
  });
});

describe('deployments side by side in one account', () => {
  /** What is named within something else, which is another one in each stack. */
  const ofTheirParent = ['AWS::ApiGatewayV2::Stage', 'AWS::IAM::Policy', 'AWS::Lambda::Alias'];

  /** Every literal that names something in the account: two of a type cannot have the same. */
  function physicalNames({ template, firewall, stack }: Synthesized): string[] {
    const placeOf = (type: string) => (/^AWS::(CloudFront|IAM|WAFv2)::/.test(type) ? 'everywhere' : stack.region);
    const named = ({ Type, Properties }: Resource) =>
      Object.entries(Properties)
        .flatMap(([key, value]) => [
          [key, value] as const,
          ...Object.entries(key.endsWith('Config') ? Object(value) : {}),
        ])
        // An alarm looks at a metric of that name, whoever writes it.
        .filter(([key]) => `${Type} ${key}` !== 'AWS::CloudWatch::Alarm MetricName')
        .filter(([key, value]) => /Name$|^Aliases$/.test(key) && !/"(Ref|Fn::)/.test(JSON.stringify(value)))
        .map(([key, value]) => `${placeOf(Type)} ${Type} ${key} ${JSON.stringify(value)}`);
    return [template, firewall].flatMap((each) => {
      const { Resources = {}, Outputs = {} } = (each?.toJSON() ?? {}) as Record<string, Record<string, Resource>>;
      const resources = Object.values(Resources).filter(({ Type }) => !ofTheirParent.includes(Type));
      return [
        ...resources.flatMap((resource) => named({ ...resource, Properties: resource.Properties ?? {} })),
        ...Object.values(Outputs).flatMap((output) => JSON.stringify(Object(output).Export) ?? []),
      ];
    });
  }

  test('share no name, whether they are stages, extensions or regions', () => {
    const gradual = { percent: 20, minutes: 7 };
    const deployments = [
      staged({ gradual }, everything, { name: 'prod' }),
      staged({ gradual }, everything, { name: 'test' }),
      // Whose firewall is that of the first: both are in us-east-1, under the name of one stack.
      { ...staged({ gradual }, everything, { name: 'prod', region: 'eu-west-1' }), firewall: undefined },
      staged({ gradual }, { ...everything, name: 'Other Lens' }, { name: 'prod' }),
      synthesizedStack({ extension: everything }),
    ];
    const names = deployments.flatMap(physicalNames);
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test('have functions that may use nothing but what their own stack has made', () => {
    const { resources } = staged({ gradual: true, edge: false }, everything);
    const policies = ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy'].flatMap((type) => [
      ...ofType(resources, type).values(),
    ]);
    const statements = policies.flatMap(
      ({ Properties }) =>
        (Properties['PolicyDocument'] as { Statement: { Action: unknown; Resource: unknown }[] }).Statement,
    );
    expect(statements.length).toBeGreaterThan(20);
    for (const { Action, Resource: named } of statements) {
      for (const each of [named].flat()) {
        const own = [...JSON.stringify(each).matchAll(/"(?:Ref|Fn::GetAtt)":\[?"([^":]+)"/g)].map(([, id = '']) => id);
        const isOwn = own.some((id) => id in resources);
        // Tracing, and the listing of alarms: neither has a resource to name.
        const hasNone = [Action].flat().every((action) => /^(xray:|cloudwatch:DescribeAlarms$)/.test(String(action)));
        expect([Action, each, isOwn || (each === '*' && hasNone)]).toEqual([Action, each, true]);
      }
    }
  });
});

function variablesOf(resources: Synthesized['resources']): object[] {
  return [...ofType(resources, 'AWS::Lambda::Function').values()]
    .map(({ Properties }) => (Properties['Environment'] as { Variables: object }).Variables)
    .filter((variables) => 'STACK_NAME' in variables);
}
