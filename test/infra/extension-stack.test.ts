import { describe, expect, test } from 'vitest';
import { stackName } from '../../infra/stack-name.ts';
import { ofType, sample, single, synthesizedStack, target } from './synthesized-stack.ts';

const { resources, template } = synthesizedStack();

/** `METHOD /path` → the function that answers, by way of the route's integration. */
function routesOf(of = resources): Record<string, string> {
  const integrations = ofType(of, 'AWS::ApiGatewayV2::Integration');
  const functionOf = (route: { readonly Target: { 'Fn::Join': [string, [string, unknown]] } }) => {
    const integration = integrations.get(target(route.Target['Fn::Join'][1][1]));
    expect(integration?.Properties).toMatchObject({ IntegrationType: 'AWS_PROXY', PayloadFormatVersion: '2.0' });
    return target(integration?.Properties.IntegrationUri);
  };
  return Object.fromEntries(
    [...ofType(of, 'AWS::ApiGatewayV2::Route').values()].map(({ Properties }) => [
      Properties.RouteKey,
      functionOf(Properties as unknown as Parameters<typeof functionOf>[0]),
    ]),
  );
}

describe('the API', () => {
  test('answers exactly these routes', () => {
    expect(routesOf()).toEqual({
      'GET /fp/install': 'InstallFunction',
      'GET /fp/auth': 'CallbackFunction',
      'GET /company/{company_id}': 'PageFunction',
      'GET /company/{company_id}/application/{application_id}': 'PageFunction',
      'GET /api/session': 'SessionFunction',
      'DELETE /api/session': 'SessionFunction',
      'ANY /api/platform/{path+}': 'PlatformProxyFunction',
      'GET /_healthz': 'HealthzFunction',
      'GET /api/products': 'OwnfunctionsproductsFunction',
      'GET /api/products/application/{application_id}': 'OwnfunctionsproductsFunction',
    });
  });

  test("a route of the author's adds exactly one function per handler file", () => {
    const without = synthesizedStack({ extension: { ...sample, api: {} } }).resources;
    const withOne = synthesizedStack({
      extension: { ...sample, api: { 'ANY /api/notes/{note_id}': './functions/notes.ts' } },
    }).resources;
    const added = (type: string) => [...ofType(withOne, type).keys()].filter((id) => !ofType(without, type).has(id));
    expect(added('AWS::Lambda::Function')).toEqual(['OwnfunctionsnotesFunction']);
    expect(Object.keys(routesOf(withOne)).filter((route) => !(route in routesOf(without)))).toEqual([
      'ANY /api/notes/{note_id}',
    ]);
  });

  test('writes an access log without query strings and headers, in which codes and cookies travel', () => {
    const stage = single(resources, 'AWS::ApiGatewayV2::Stage');
    const { Format, DestinationArn } = stage.Properties.AccessLogSettings as {
      Format: string;
      DestinationArn: unknown;
    };
    expect(target(DestinationArn)).toBe('ApiAccessLog');
    expect(Object.values<string>(JSON.parse(Format)).sort()).toEqual([
      '$context.error.message',
      '$context.httpMethod',
      '$context.identity.sourceIp',
      '$context.integrationErrorMessage',
      '$context.integrationLatency',
      '$context.integrationStatus',
      '$context.path',
      '$context.requestId',
      '$context.requestTime',
      '$context.responseLatency',
      '$context.responseLength',
      '$context.routeKey',
      '$context.status',
    ]);
  });

  test('has one stage, at the root, throttled', () => {
    expect(single(resources, 'AWS::ApiGatewayV2::Stage').Properties).toMatchObject({
      StageName: '$default',
      AutoDeploy: true,
      DefaultRouteSettings: { ThrottlingRateLimit: expect.any(Number), ThrottlingBurstLimit: expect.any(Number) },
    });
  });

  test('is all that the public reaches: no function URL, no CORS, and only the API invokes functions', () => {
    expect(ofType(resources, 'AWS::Lambda::Url').size).toBe(0);
    expect(single(resources, 'AWS::ApiGatewayV2::Api').Properties).not.toHaveProperty('CorsConfiguration');
    for (const { Properties } of ofType(resources, 'AWS::Lambda::Permission').values()) {
      expect(Properties).toMatchObject({
        Action: 'lambda:InvokeFunction',
        Principal: 'apigateway.amazonaws.com',
        SourceArn: expect.anything(),
      });
    }
    expect([...new Set(Object.values(resources).map(({ Type }) => Type))].sort()).toEqual([
      'AWS::ApiGatewayV2::Api',
      'AWS::ApiGatewayV2::Integration',
      'AWS::ApiGatewayV2::Route',
      'AWS::ApiGatewayV2::Stage',
      'AWS::DynamoDB::GlobalTable',
      'AWS::IAM::Policy',
      'AWS::IAM::Role',
      'AWS::KMS::Key',
      'AWS::Lambda::Function',
      'AWS::Lambda::Permission',
      'AWS::Logs::LogGroup',
      'AWS::SecretsManager::Secret',
    ]);
  });
});

describe('functions', () => {
  const functions = ofType(resources, 'AWS::Lambda::Function');

  test('run on Node 24 on ARM, are traced and log into a group of their own', () => {
    for (const [id, { Properties }] of functions) {
      expect(Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Handler: 'index.handler',
        TracingConfig: { Mode: 'Active' },
      });
      expect(target((Properties.LoggingConfig as { LogGroup: unknown }).LogGroup)).toBe(id.replace(/Function$/, 'Log'));
    }
  });

  test('have longer than a call to the platform where they make one, and less than the gateway waits', () => {
    expect(Object.fromEntries([...functions].map(([id, { Properties }]) => [id, Properties.Timeout]))).toEqual({
      InstallFunction: 10,
      CallbackFunction: 29,
      PageFunction: 10,
      SessionFunction: 10,
      PlatformProxyFunction: 29,
      HealthzFunction: 10,
      OwnfunctionsproductsFunction: 29,
    });
  });

  test('no log is kept for ever', () => {
    const groups = ofType(resources, 'AWS::Logs::LogGroup');
    expect(groups.size).toBe(functions.size + 1);
    for (const { Properties } of groups.values()) expect(Properties.RetentionInDays).toEqual(expect.any(Number));
  });

  test('are told the base URL that is configured, else the one of the API', () => {
    const baseUrlsOf = (of: typeof resources) =>
      new Set(
        [...ofType(of, 'AWS::Lambda::Function').values()].flatMap(({ Properties }) => {
          const { BASE_URL } =
            (Properties.Environment as { Variables: Record<string, unknown> } | undefined)?.Variables ?? {};
          return BASE_URL === undefined ? [] : [JSON.stringify(BASE_URL).replace(/[0-9A-F]{8}(?=")/, '')];
        }),
      );
    expect(baseUrlsOf(synthesizedStack({ baseUrl: 'https://lens.example.com' }).resources)).toEqual(
      new Set(['"https://lens.example.com"']),
    );
    expect(baseUrlsOf(resources)).toEqual(
      new Set([
        '{"Fn::Join":["",["https://",{"Ref":"ApiHttpApi"},".execute-api.ap-south-1.",{"Ref":"AWS::URLSuffix"}]]}',
      ]),
    );
  });
});

describe('what is stored', () => {
  const tables = ofType(resources, 'AWS::DynamoDB::GlobalTable');
  const replicaOf = (id: string) =>
    (tables.get(id)?.Properties.Replicas as Record<string, Record<string, unknown>>[] | undefined)?.[0];

  test('both tables outlive the stack, can be restored to any second and are paid by request', () => {
    expect([...tables.keys()]).toEqual(['Installations', 'UserCache']);
    for (const [id, table] of tables) {
      expect(table).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
      expect(table.Properties.BillingMode).toBe('PAY_PER_REQUEST');
      expect(replicaOf(id)?.PointInTimeRecoverySpecification).toEqual({ PointInTimeRecoveryEnabled: true });
    }
  });

  test('installations are keyed by company, protected from deletion and encrypted with a key that rotates and stays', () => {
    expect(tables.get('Installations')?.Properties).toMatchObject({
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
    });
    const replica = replicaOf('Installations');
    expect(replica?.DeletionProtectionEnabled).toBe(true);
    expect(target(replica?.SSESpecification?.KMSMasterKeyId)).toBe('InstallationsKey');
    const key = single(resources, 'AWS::KMS::Key');
    expect(key).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    expect(key.Properties.EnableKeyRotation).toBe(true);
  });

  test("a user's cached answers leave by themselves", () => {
    expect(tables.get('UserCache')?.Properties).toMatchObject({
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    });
  });

  test('keys are generated, never written into the template, and the one for stored tokens outlives the stack', () => {
    const secrets = ofType(resources, 'AWS::SecretsManager::Secret');
    expect([...secrets.keys()]).toEqual(['SecretsApiKey', 'SecretsApiSecret', 'SecretsSessionKey', 'SecretsTokenKey']);
    for (const id of ['SecretsApiSecret', 'SecretsSessionKey', 'SecretsTokenKey']) {
      expect(secrets.get(id)?.Properties).not.toHaveProperty('SecretString');
      expect(secrets.get(id)?.Properties.GenerateSecretString).toEqual({
        PasswordLength: 64,
        ExcludePunctuation: true,
      });
    }
    expect(secrets.get('SecretsTokenKey')).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
  });

  test('what holds state keeps its logical id: another one would be an empty table, or another key', () => {
    expect(
      Object.entries(resources)
        .filter(([, { Type }]) => /^AWS::(DynamoDB|KMS|SecretsManager)::/.test(Type))
        .map(([logicalId]) => logicalId),
    ).toEqual([
      'InstallationsKey71169501',
      'Installations4BA2EDC8',
      'UserCache49B65B5A',
      'SecretsApiKey92A01E51',
      'SecretsApiSecretA53FDED3',
      'SecretsSessionKeyBDCFDE07',
      'SecretsTokenKeyDB23CA28',
    ]);
  });
});

test('the outputs say what to paste into the partner panel and how to store what it shows', () => {
  const outputs: Record<string, { Value: { 'Fn::Join'?: [string, unknown[]] } }> = template.toJSON().Outputs;
  const text = (id: string) => outputs[id]?.Value['Fn::Join']?.[1].map(target).join('');
  expect(text('ExtensionUrl')).toBe('https://ApiHttpApi.execute-api.ap-south-1.AWS::URLSuffix');
  const put = 'aws secretsmanager put-secret-value --region ap-south-1 --secret-id';
  expect(text('SetApiKey')).toBe(`${put} SecretsApiKey --secret-string 'API_KEY'`);
  expect(text('SetApiSecret')).toBe(`${put} SecretsApiSecret --secret-string 'API_SECRET'`);
  expect(target(outputs.InstallationsTableName?.Value)).toBe('Installations');
  expect(target(outputs.UserCacheTableName?.Value)).toBe('UserCache');
});

describe("the stack's name", () => {
  test.for([
    ['Product Lens', 'product-lens'],
    ['  Café & Más! ', 'cafe-mas'],
    ['360 View', 'extension-360-view'],
    ['उत्पाद', 'extension'],
    ['a'.repeat(100), 'a'.repeat(60)],
  ])('%s becomes %s', ([name, expected]) => {
    expect(stackName(name ?? '', undefined)).toBe(expected);
  });

  test('is the given one where one is given, and must be one that CloudFormation takes', () => {
    expect(stackName('Product Lens', 'Staging-2')).toBe('Staging-2');
    expect(() => stackName('Product Lens', 'my stack')).toThrow(/^stackName must begin with a letter/);
  });
});
