import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { describe, expect, test } from 'vitest';
import { stackName } from '../../infra/stack-name.ts';
import { ConfigurationError, type StageInput } from '../../shared/config.ts';
import { parseExtension } from '../../shared/parse-extension.ts';
import { busySample, calledSample, ofType, sample, single, synthesizedStack, target } from './synthesized-stack.ts';

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
      'HEAD /fp/install': 'InstallFunction',
      'GET /fp/auth': 'CallbackFunction',
      'HEAD /fp/auth': 'CallbackFunction',
      'GET /': 'PageFunction',
      'HEAD /': 'PageFunction',
      'GET /{file+}': 'PageFunction',
      'HEAD /{file+}': 'PageFunction',
      'GET /api/session': 'SessionFunction',
      'HEAD /api/session': 'SessionFunction',
      'DELETE /api/session': 'SessionFunction',
      'GET /api/platform/{path+}': 'PlatformProxyFunction',
      'HEAD /api/platform/{path+}': 'PlatformProxyFunction',
      'ANY /api/platform/{path+}': 'PlatformProxyFunction',
      'GET /_healthz': 'HealthzFunction',
      'HEAD /_healthz': 'HealthzFunction',
      'POST /api/webhook-events': 'WebhookFunction',
      'POST /fp/auto_install': 'AutoInstallFunction',
      'POST /fp/uninstall': 'UninstallFunction',
      'GET /ext/{path+}': 'StorefrontFunction',
      'HEAD /ext/{path+}': 'StorefrontFunction',
      'ANY /ext/{path+}': 'StorefrontFunction',
      'GET /api/products': 'ProductsFunction',
      'HEAD /api/products': 'ProductsFunction',
      'GET /api/products/application/{application_id}': 'ProductsFunction',
      'HEAD /api/products/application/{application_id}': 'ProductsFunction',
    });
  });

  test("a route of the author's adds exactly one function per handler file", () => {
    const without = synthesizedStack({ extension: { ...sample, api: {} } }).resources;
    const withOne = synthesizedStack({
      extension: { ...sample, api: { 'ANY /api/notes/{note_id}': './functions/notes.ts' } },
    }).resources;
    const added = (type: string) => [...ofType(withOne, type).keys()].filter((id) => !ofType(without, type).has(id));
    expect(added('AWS::Lambda::Function')).toEqual(['NotesFunction']);
    expect(Object.keys(routesOf(withOne)).filter((route) => !(route in routesOf(without)))).toEqual([
      'ANY /api/notes/{note_id}',
    ]);
  });

  test('partners have routes where the configuration says so, to the functions that companies have', () => {
    const { resources: withPartners } = synthesizedStack({
      extension: { ...sample, partner: { scopes: ['organization/themes'] } },
    });
    expect(Object.entries(routesOf(withPartners)).filter(([route]) => !(route in routesOf()))).toEqual([
      ['GET /adm/install', 'InstallFunction'],
      ['HEAD /adm/install', 'InstallFunction'],
      ['GET /adm/auth', 'CallbackFunction'],
      ['HEAD /adm/auth', 'CallbackFunction'],
      ['GET /api/partner/{path+}', 'PlatformProxyFunction'],
      ['HEAD /api/partner/{path+}', 'PlatformProxyFunction'],
      ['ANY /api/partner/{path+}', 'PlatformProxyFunction'],
    ]);
  });

  test('storefront handlers and calls have routes and limits of their own', () => {
    const { resources: called } = synthesizedStack({ extension: calledSample });
    expect(Object.entries(routesOf(called)).filter(([route]) => !(route in routesOf()))).toEqual([
      ['GET /ext/wishlist/{id}', 'WishlistFunction'],
      ['HEAD /ext/wishlist/{id}', 'WishlistFunction'],
      ['POST /pay/{company_id}/{application_id}', 'PayFunction'],
      ['POST /api/v1/paid/{company_id}', 'PaidFunction'],
    ]);
    expect(single(called, 'AWS::ApiGatewayV2::Stage').Properties.RouteSettings).toMatchObject({
      'GET /ext/wishlist/{id}': { ThrottlingRateLimit: 100, ThrottlingBurstLimit: 200 },
      'POST /api/v1/paid/{company_id}': { ThrottlingRateLimit: 100, ThrottlingBurstLimit: 200 },
    });
  });

  test("HEAD goes where the author's GET goes, unless they route it themselves", () => {
    const { resources: routed } = synthesizedStack({
      extension: {
        ...sample,
        api: {
          'GET /api/one': './functions/one.ts',
          'HEAD /api/one': './functions/head.ts',
          'GET /api/two': './functions/two.ts',
          'ANY /api/two': './functions/rest.ts',
          'POST /api/three': './functions/three.ts',
        },
      },
    });
    const authors = Object.entries(routesOf(routed)).filter(([route]) => /\/(one|two|three)$/.test(route));
    expect(Object.fromEntries(authors)).toEqual({
      'GET /api/one': 'OneFunction',
      'HEAD /api/one': 'HeadFunction',
      'GET /api/two': 'TwoFunction',
      'ANY /api/two': 'RestFunction',
      'POST /api/three': 'ThreeFunction',
    });
  });

  test('takes 300 routes, and more are a sentence', () => {
    const own = Object.keys(routesOf(synthesizedStack({ extension: { ...sample, api: {} } }).resources)).length;
    const api = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`POST /api/r${index}`, './functions/many.ts']));
    const { resources: full } = synthesizedStack({ extension: { ...sample, api: api(300 - own) } });
    expect(ofType(full, 'AWS::ApiGatewayV2::Route').size).toBe(300);
    expect(ofType(full, 'AWS::Lambda::Permission').size).toBeLessThanOrEqual(11);
    expect(() => synthesizedStack({ extension: { ...sample, api: api(301 - own) } })).toThrow(
      new ConfigurationError(
        `extension.config.ts: api, storefront and calls make ${301 - own} routes (a GET route is two: HEAD has one of its own) and must make at most ${300 - own}: an HTTP API takes 300, and ${own} are the extension's own.`,
      ),
    );
  });

  test("a function of the author's is called after its file, or after the whole path where that would be another's name", () => {
    const { resources: many } = synthesizedStack({
      extension: {
        ...sample,
        api: {
          'GET /api/stock': './routes/stock-levels.ts',
          'GET /api/a': './routes/a/notes.ts',
          'GET /api/b': './routes/b/notes.ts',
          'GET /api/c': './routes/Session.ts',
          'GET /api/d': './routes/उत्पाद.ts',
        },
      },
    });
    const ids = [...ofType(many, 'AWS::Lambda::Function').keys()];
    expect(ids.slice(-5)).toEqual([
      'StockLevelsFunction',
      'routesanotesFunction',
      'routesbnotesFunction',
      'routesSessionFunction',
      'routesFunction',
    ]);
  });

  test("a table of the author's may be called as a function of theirs is", () => {
    const { resources: both } = synthesizedStack({
      addOwnResources: ({ stack }) =>
        void new TableV2(stack, 'Products', { partitionKey: { name: 'pk', type: AttributeType.STRING } }),
    });
    expect([...ofType(both, 'AWS::DynamoDB::GlobalTable').keys()]).toContain('Products');
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

  test('takes less of what makes us call the platform, whoever asks, and has those routes first', () => {
    const stage = single(resources, 'AWS::ApiGatewayV2::Stage');
    const limit = (perSecond: number) => ({ ThrottlingRateLimit: perSecond, ThrottlingBurstLimit: 2 * perSecond });
    expect(stage.Properties.RouteSettings).toEqual({
      'GET /fp/auth': limit(20),
      'HEAD /fp/auth': limit(20),
      'POST /fp/auto_install': limit(5),
      'POST /fp/uninstall': limit(5),
      'GET /ext/{path+}': limit(20),
      'HEAD /ext/{path+}': limit(20),
      'ANY /ext/{path+}': limit(20),
    });
    const first = stage.DependsOn?.map((id) => resources[id]?.Properties.RouteKey);
    expect(first).toEqual(expect.arrayContaining(Object.keys(stage.Properties.RouteSettings as object)));
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
      'AWS::CloudWatch::Alarm',
      'AWS::CloudWatch::Dashboard',
      'AWS::DynamoDB::GlobalTable',
      'AWS::IAM::Policy',
      'AWS::IAM::Role',
      'AWS::KMS::Key',
      'AWS::Lambda::EventSourceMapping',
      'AWS::Lambda::Function',
      'AWS::Lambda::Permission',
      'AWS::Logs::LogGroup',
      'AWS::SQS::Queue',
      'AWS::SQS::QueuePolicy',
      'AWS::Scheduler::Schedule',
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

  test('have longer than a call to the platform where they make one, and less than the gateway waits if it does', () => {
    expect(Object.fromEntries([...functions].map(([id, { Properties }]) => [id, Properties.Timeout]))).toEqual({
      InstallFunction: 10,
      CallbackFunction: 29,
      PageFunction: 10,
      SessionFunction: 10,
      StorefrontFunction: 10,
      PlatformProxyFunction: 29,
      HealthzFunction: 10,
      WebhookFunction: 10,
      AutoInstallFunction: 29,
      UninstallFunction: 10,
      WorkerFunction: 60,
      ProductsFunction: 29,
    });
  });

  test('may not call themselves in a chain, but for the worker, whose schedules go on page by page', () => {
    const allowed = [...functions].flatMap(([id, { Properties }]) =>
      'RecursiveLoop' in Properties ? [[id, Properties['RecursiveLoop']]] : [],
    );
    expect(allowed).toEqual([['WorkerFunction', 'Allow']]);
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

  test('all tables outlive the stack, can be restored to any second and are paid by request', () => {
    expect([...tables.keys()]).toEqual(['Installations', 'UserCache', 'Deliveries']);
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

  test('installed companies are listed by an index that holds keys alone: no token, no status, no time', () => {
    expect(tables.get('Installations')?.Properties.GlobalSecondaryIndexes).toEqual([
      {
        IndexName: 'listed',
        KeySchema: [{ AttributeName: 'listed', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ]);
    for (const id of ['UserCache', 'Deliveries']) {
      expect(tables.get(id)?.Properties).not.toHaveProperty('GlobalSecondaryIndexes');
    }
  });

  test('which deliveries were handled is forgotten by itself', () => {
    expect(tables.get('Deliveries')?.Properties).toMatchObject({
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    });
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
    const generated = ['SecretsApiSecret', 'SecretsSessionKey', 'SecretsTokenKey', 'SecretsWebhookKey'];
    expect([...secrets.keys()]).toEqual(['SecretsApiKey', ...generated]);
    for (const id of generated) {
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
        .filter(([, { Type }]) => /^AWS::(DynamoDB::|KMS::|SecretsManager::|SQS::Queue$)/.test(Type))
        .map(([logicalId]) => logicalId),
    ).toEqual([
      'InstallationsKey71169501',
      'Installations4BA2EDC8',
      'UserCache49B65B5A',
      'DeliveriesBF2F7293',
      'WorkQueueDeadLetters22C59BE0',
      'WorkQueue94013F35',
      'SecretsApiKey92A01E51',
      'SecretsApiSecretA53FDED3',
      'SecretsSessionKeyBDCFDE07',
      'SecretsTokenKeyDB23CA28',
      'SecretsWebhookKey8B5A7480',
    ]);
  });
});

describe('the work queue', () => {
  const queues = ofType(resources, 'AWS::SQS::Queue');
  const queue = queues.get('WorkQueue')?.Properties;
  const deadLetters = queues.get('WorkQueueDeadLetters')?.Properties;

  test('keeps the order of each group without limiting all of them together', () => {
    expect(queue).toMatchObject({
      FifoQueue: true,
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
    });
  });

  test('takes messages without a de-duplication id, as the scheduler sends them, and as long ones as SQS does', () => {
    expect(queue).toMatchObject({ ContentBasedDeduplication: true, MaximumMessageSize: 1_048_576 });
  });

  test('hides a message for at least six times as long as the worker may take', () => {
    const worker = ofType(resources, 'AWS::Lambda::Function').get('WorkerFunction');
    expect(queue?.VisibilityTimeout).toBeGreaterThanOrEqual(6 * Number(worker?.Properties.Timeout));
  });

  test('keeps work for four days; what failed five times waits for two weeks more, with its group and length', () => {
    expect(queue?.RedrivePolicy).toMatchObject({ maxReceiveCount: 5 });
    expect(target(Object(queue?.RedrivePolicy).deadLetterTargetArn)).toBe('WorkQueueDeadLetters');
    const days = 86_400;
    expect(queue?.MessageRetentionPeriod).toBe(4 * days);
    expect(deadLetters).toMatchObject({
      MessageRetentionPeriod: 14 * days,
      FifoQueue: true,
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
      MaximumMessageSize: 1_048_576,
    });
    expect(deadLetters).not.toHaveProperty('RedrivePolicy');
  });

  test('goes with the stack: no message of anybody stays where nobody handles or deletes it', () => {
    expect([...queues.keys()].sort()).toEqual(['WorkQueue', 'WorkQueueDeadLetters']);
    for (const each of queues.values()) {
      expect(each).toMatchObject({ DeletionPolicy: 'Delete', UpdateReplacePolicy: 'Delete' });
    }
  });

  test('is encrypted, and refuses whoever comes without TLS', () => {
    const refusing = [...ofType(resources, 'AWS::SQS::QueuePolicy').values()].flatMap(({ Properties }) => {
      const { Statement } = Properties.PolicyDocument as { Statement: Record<string, unknown>[] };
      expect(Statement).toHaveLength(1);
      expect(Statement[0]).toMatchObject({
        Effect: 'Deny',
        Principal: { AWS: '*' },
        Action: 'sqs:*',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      });
      expect((Properties.Queues as unknown[]).map(target)).toEqual([target(Statement[0]?.Resource)]);
      return (Properties.Queues as unknown[]).map(target);
    });
    expect(refusing.sort()).toEqual(['WorkQueue', 'WorkQueueDeadLetters']);
    for (const { Properties } of queues.values()) expect(Properties.SqsManagedSseEnabled).toBe(true);
  });

  test('calls the worker, and nothing else, with one message at a time', () => {
    const { Properties } = single(resources, 'AWS::Lambda::EventSourceMapping');
    expect(Object.keys(Properties).sort()).toEqual([
      'BatchSize',
      'EventSourceArn',
      'FunctionName',
      'FunctionResponseTypes',
      'ScalingConfig',
    ]);
    expect(Properties).toMatchObject({ BatchSize: 1, FunctionResponseTypes: ['ReportBatchItemFailures'] });
    expect(target(Properties.EventSourceArn)).toBe('WorkQueue');
    expect(target(Properties.FunctionName)).toBe('WorkerFunction');
  });

  test('has at most twenty workers at once, so that pages find room, or as many as the configuration says', () => {
    const scalingOf = (of: typeof resources) => single(of, 'AWS::Lambda::EventSourceMapping').Properties.ScalingConfig;
    expect(scalingOf(resources)).toEqual({ MaximumConcurrency: 20 });
    const { resources: bounded } = synthesizedStack({ extension: { ...sample, worker: { maxConcurrency: 5 } } });
    expect(scalingOf(bounded)).toEqual({ MaximumConcurrency: 5 });
  });
});

describe('schedules', () => {
  const { resources: busy } = synthesizedStack({ extension: busySample });

  test('are the sweep alone where none is configured: four times a day', () => {
    const schedules = ofType(resources, 'AWS::Scheduler::Schedule');
    expect([...schedules.keys()]).toEqual(['Schedulessweep']);
    expect(schedules.get('Schedulessweep')?.Properties).toMatchObject({
      ScheduleExpression: 'rate(360 minutes)',
      Target: { SqsParameters: { MessageGroupId: 'schedule#sweep' } },
    });
  });

  test('send one message to the work queue each time, in a group of their own', () => {
    const schedules = ofType(busy, 'AWS::Scheduler::Schedule');
    expect([...schedules.keys()]).toEqual(['Schedulesnightly', 'Schedulespulse', 'Schedulessweep']);
    for (const [name, { Properties }] of schedules) {
      const { Arn, RoleArn } = Properties.Target as Record<string, unknown>;
      expect([target(Arn), target(RoleArn)]).toEqual(['WorkQueue', 'SchedulesRole']);
      expect(Properties).toMatchObject({
        State: 'ENABLED',
        Target: { SqsParameters: { MessageGroupId: name.replace('Schedules', 'schedule#') } },
      });
    }
  });

  test('say when in the words of the scheduler, and run within a quarter of an hour where that is not too often', () => {
    const handler = './test/extension/nightly.ts';
    const { resources: many } = synthesizedStack({
      extension: {
        ...sample,
        schedules: {
          daily: { every: '1 day', handler },
          pulse: { every: '1 minute', handler },
          odd: { every: '90 minutes', handler },
          night: { at: '02:30', timeZone: 'Asia/Kolkata', handler },
          often: { cron: '*/10 8-18 ? * MON-FRI *', handler },
        },
      },
    });
    const said = [...ofType(many, 'AWS::Scheduler::Schedule')].map(([name, { Properties }]) => [
      name.replace('Schedules', ''),
      Properties.ScheduleExpression,
      Properties.ScheduleExpressionTimezone,
      Properties.FlexibleTimeWindow,
    ]);
    const quarter = { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 15 };
    const exact = { Mode: 'OFF' };
    expect(said).toEqual([
      ['daily', 'cron(0 0 * * ? *)', 'UTC', quarter],
      ['pulse', 'cron(* * * * ? *)', 'UTC', exact],
      ['odd', 'rate(90 minutes)', 'UTC', quarter],
      ['night', 'cron(30 2 * * ? *)', 'Asia/Kolkata', quarter],
      ['often', 'cron(*/10 8-18 ? * MON-FRI *)', 'UTC', exact],
      ['sweep', 'rate(360 minutes)', 'UTC', quarter],
    ]);
  });

  test('say which they are and, in words that the scheduler fills in, which run it is', () => {
    const nightly = ofType(busy, 'AWS::Scheduler::Schedule').get('Schedulesnightly');
    expect(JSON.parse(Object(nightly?.Properties.Target).Input)).toEqual({
      kind: 'schedule',
      name: 'nightly',
      run: '<aws.scheduler.scheduled-time>',
    });
  });

  test('begin only when their role may send, and only those of this account can use it', () => {
    const role = ofType(busy, 'AWS::IAM::Role').get('SchedulesRole')?.Properties;
    expect(Object(role?.AssumeRolePolicyDocument).Statement).toEqual([
      {
        Effect: 'Allow',
        Principal: { Service: 'scheduler.amazonaws.com' },
        Action: 'sts:AssumeRole',
        Condition: {
          StringEquals: {
            'aws:SourceAccount': { Ref: 'AWS::AccountId' },
            'aws:SourceArn': {
              'Fn::Join': ['', ['arn:aws:scheduler:ap-south-1:', { Ref: 'AWS::AccountId' }, ':schedule-group/default']],
            },
          },
        },
      },
    ]);
    for (const schedule of ofType(busy, 'AWS::Scheduler::Schedule').values()) {
      expect(schedule.DependsOn?.map((id) => target({ Ref: id }))).toContain('SchedulesRoleDefaultPolicy');
    }
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
  expect(target(outputs.DeliveriesTableName?.Value)).toBe('Deliveries');
  expect(target(outputs.TokenKeySecretId?.Value)).toBe('SecretsTokenKey');
  expect(target(outputs.WorkQueueUrl?.Value)).toBe('WorkQueue');
  expect(target(outputs.DeadLetterQueueUrl?.Value)).toBe('WorkQueueDeadLetters');
  expect(text('Redrive')).toBe('npm run redrive -- --from WorkQueueDeadLetters --to WorkQueue');
});

describe("the stack's name", () => {
  test.for([
    ['Product Lens', 'product-lens'],
    ['  Cafe & Mas! ', 'cafe-mas'],
    ['a'.repeat(60), 'a'.repeat(60)],
  ])('%s becomes %s', ([name, expected]) => {
    expect(stackName({ name: name ?? '' }, undefined)).toBe(expected);
  });

  test.for([
    ['मेरा ऐप', 'दूसरा ऐप', /^extension-[0-9a-f]{8}$/],
    ['🚀', '🎁', /^extension-[0-9a-f]{8}$/],
    ['Acme एक', 'Acme दो', /^acme-[0-9a-f]{8}$/],
    ['Café', 'Cafe', /^caf(-[0-9a-f]{8}|e)$/],
    ['C++', 'C', /^c(-[0-9a-f]{8})?$/],
    ['App 😀', 'App 🎉', /^app-[0-9a-f]{8}$/],
    ['360 View', 'Extension 360 View', /^extension-360-view(-[0-9a-f]{8})?$/],
    ['Straße', 'Strafe', /^stra(-e-[0-9a-f]{8}|fe)$/],
    [`${'a'.repeat(60)}b`, `${'a'.repeat(60)}c`, /^a{51}-[0-9a-f]{8}$/],
  ] as const)('%s and %s are two stacks, although letters are left out', ([one, other, shape]) => {
    const names = [one, other].map((name) => stackName({ name }, undefined));
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(name).toMatch(shape);
    expect(stackName({ name: one }, undefined)).toBe(names[0]);
  });

  test('is the given one where one is given, and must be one that CloudFormation takes', () => {
    expect(stackName({ name: 'Product Lens' }, 'Staging-2')).toBe('Staging-2');
    expect(() => stackName({ name: 'Product Lens' }, 'my stack')).toThrow(/^stackName must begin with a letter/);
  });

  test('of a stage ends with its name, however long the other part is, unless the stage names its stack', () => {
    const staged = (name: string, given?: unknown, stage: StageInput = {}) =>
      stackName(parseExtension({ ...sample, name, stages: { prod: stage } }, undefined, 'prod'), given);
    expect(staged('Product Lens')).toBe('product-lens-prod');
    expect(staged('Product Lens', 'Lens')).toBe('Lens-prod');
    expect(staged('a'.repeat(60))).toMatch(/^a{46}-[0-9a-f]{8}-prod$/);
    expect(staged('Product Lens', undefined, { stackName: 'product-lens' })).toBe('product-lens');
    expect(() => staged('Product Lens', 'a'.repeat(56))).toThrow(/at most 55 letters/);
  });
});
