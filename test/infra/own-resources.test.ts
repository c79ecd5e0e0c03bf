import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { HttpUrlIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { describe, expect, test } from 'vitest';
import type { OwnApi } from '../../infra/resources/own-api.ts';
import type { AddOwnResources } from '../../infra/resources/own-resources.ts';
import { ConfigurationError } from '../../shared/config.ts';
import { busySample, calledSample, ofType, single, synthesizedStack, target } from './synthesized-stack.ts';

/** The example that stands so many others before it in the documentation. */
async function example(index = 0): Promise<AddOwnResources> {
  const pattern = /```ts\n\/\/ infra\/own-resources\.ts\n([^]*?)```/g;
  const [, source = ''] = [...readFileSync('docs/own-resources.md', 'utf8').matchAll(pattern)][index] ?? [];
  expect(source).toContain('export const addOwnResources');
  // Inside the project, so that its packages are found; the folder is ignored by git.
  mkdirSync('cdk.out', { recursive: true });
  const directory = mkdtempSync(join('cdk.out', 'own-resources-test-'));
  try {
    const file = resolve(directory, 'example.ts');
    writeFileSync(file, source);
    return (await import(/* @vite-ignore */ pathToFileURL(file).href)).addOwnResources;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe("the author's own resources", () => {
  test('as in the example: a table that one function may use and knows the name of', async () => {
    const { resources } = synthesizedStack({
      extension: { ...busySample, api: { 'GET /api/products': './functions/app/products.ts' } },
      addOwnResources: await example(),
    });
    expect(ofType(resources, 'AWS::DynamoDB::GlobalTable').get('Notes')).toMatchObject({ DeletionPolicy: 'Retain' });

    const knowing = [...ofType(resources, 'AWS::Lambda::Function')].filter(([, { Properties }]) =>
      JSON.stringify(Properties.Environment ?? {}).includes('NOTES_TABLE'),
    );
    expect(knowing.map(([id]) => id)).toEqual(['ProductsFunction']);

    const grants = [...ofType(resources, 'AWS::IAM::Policy')].flatMap(([id, { Properties }]) =>
      (Properties.PolicyDocument as { Statement: { Action: unknown; Resource: unknown }[] }).Statement.filter(
        ({ Resource }) => [Resource].flat().map(target).includes('Notes'),
      ).map(({ Action }) => [id, Action]),
    );
    expect(grants).toEqual([['ProductsRoleDefaultPolicy', ['dynamodb:GetItem', 'dynamodb:PutItem']]]);
  });

  test('may be granted to the worker, in which the handlers of events, schedules and hooks run', () => {
    const { resources } = synthesizedStack({
      addOwnResources: ({ worker }) => void worker.addEnvironment('NOTES_TABLE', 'notes'),
    });
    expect(ofType(resources, 'AWS::Lambda::Function').get('WorkerFunction')?.Properties).toMatchObject({
      Environment: { Variables: { NOTES_TABLE: 'notes' } },
    });
  });

  test('a function that no route names is a sentence that says where to name it', () => {
    const { stack } = synthesizedStack();
    expect(() => stack.functions.get('./functions/nowhere.ts')).toThrow(
      new ConfigurationError(
        'infra/own-resources.ts: no route in extension.config.ts names ./functions/nowhere.ts. Handlers of events, schedules and hooks run in the worker.',
      ),
    );
  });
});

const elsewhere = () => new HttpUrlIntegration('Elsewhere', 'https://elsewhere.example.com/');

describe("the author's own domain", () => {
  const withDomain = (baseUrl?: string) =>
    synthesizedStack({
      ...(baseUrl !== undefined && { baseUrl }),
      addOwnResources: ({ stack, api }) => {
        const arn = 'arn:aws:acm:ap-south-1:123456789012:certificate/1';
        api.addDomain('lens.example.com', Certificate.fromCertificateArn(stack, 'Certificate', arn));
      },
    });

  test('leads to the API, and an output says where DNS must lead it', () => {
    const { resources, template } = withDomain();
    expect(single(resources, 'AWS::ApiGatewayV2::DomainName').Properties).toMatchObject({
      DomainName: 'lens.example.com',
      DomainNameConfigurations: [{ EndpointType: 'REGIONAL', SecurityPolicy: 'TLS_1_2' }],
    });
    const { ApiMappingKey, ...mapping } = single(resources, 'AWS::ApiGatewayV2::ApiMapping').Properties;
    expect(ApiMappingKey).toBeUndefined();
    expect(target(mapping['ApiId'])).toBe('ApiHttpApi');
    template.hasOutput('DomainTarget', { Description: 'Where DNS must lead lens.example.com.' });
  });

  test("closes the API's own address where it is the base URL, and leaves it open before", () => {
    const closed = (stack: ReturnType<typeof synthesizedStack>) =>
      single(stack.resources, 'AWS::ApiGatewayV2::Api').Properties['DisableExecuteApiEndpoint'];
    expect(closed(withDomain('https://lens.example.com'))).toBe(true);
    expect(closed(withDomain('https://tunnel.example.com'))).toBeUndefined();
    expect(closed(withDomain())).toBeUndefined();
    // Whatever leads that domain here, a CDN or a tunnel, may use the API's own address.
    expect(closed(synthesizedStack({ baseUrl: 'https://lens.example.com' }))).toBeUndefined();
  });

  test.for(['https://lens.example.com', 'Lens.example.com', 'lens', '*.example.com', 'lens.example.com/a', ''])(
    'that is none is a sentence: %j',
    (domainName) => {
      const { stack } = synthesizedStack();
      const certificate = Certificate.fromCertificateArn(stack, 'Certificate', 'arn:aws:acm:x:1:certificate/1');
      expect(() => stack.api.addDomain(domainName, certificate)).toThrow(ConfigurationError);
    },
  );
});

describe("the author's public routes", () => {
  const add = (...routes: Parameters<OwnApi['addPublicRoute']>[0][]) =>
    synthesizedStack({
      extension: calledSample,
      addOwnResources: ({ api }) => {
        for (const route of routes) api.addPublicRoute(route, elsewhere());
      },
    });

  test('lead to integrations of their own, with a limit of their own, and are listed', () => {
    const { resources, stack } = add('GET /status', 'POST /hooks/{name}', 'ANY /files/{path+}');
    expect(stack.api.publicRoutes).toEqual(['GET /status', 'POST /hooks/{name}', 'ANY /files/{path+}']);
    const routes = [...ofType(resources, 'AWS::ApiGatewayV2::Route').values()]
      .filter(({ Properties }) => /Elsewhere/.test(JSON.stringify(Properties['Target'])))
      .map(({ Properties }) => Properties['RouteKey']);
    const added = ['GET /status', 'HEAD /status', 'POST /hooks/{name}', 'GET /files/{path+}', 'HEAD /files/{path+}'];
    expect(new Set(routes)).toEqual(new Set([...added, 'ANY /files/{path+}']));
    const { RouteSettings } = single(resources, 'AWS::ApiGatewayV2::Stage').Properties;
    expect(RouteSettings).toMatchObject({ 'POST /hooks/{name}': { ThrottlingRateLimit: 100 } });
  });

  test.for([
    [
      'GET /api/products2',
      /^infra\/own-resources\.ts: "GET \/api\/products2" is below \/api, where the extension answers: /,
    ],
    ['POST /fp/hook', /is below \/fp,/],
    ['POST /adm/hook', /is below \/adm,/],
    ['POST /ext/hook', /is below \/ext,/],
    ['GET /company/1', /is below \/company,/],
    ['GET /organization', /is below \/organization,/],
    ['GET /_debug', /is below \/_debug,/],
    ['POST /pay/{a}/{b}', /is taken by another route\.$/],
    ['GET /{file}', /must be a method \(.*\), a space and a path/],
    ['ANY /', /must be a method/],
    ['$default', /must be a method/],
    ['post /hooks', /must be a method/],
    ['POST hooks', /must be a method/],
    ['POST /hooks/../api/session', /must be a method/],
    ['POST /hooks/', /must be a method/],
  ] as const)('are refused with a sentence where they are not their own: %s', ([route, sentence]) => {
    const { stack } = synthesizedStack({ extension: calledSample });
    expect(() => stack.api.addPublicRoute(route, elsewhere())).toThrow(ConfigurationError);
    expect(() => stack.api.addPublicRoute(route, elsewhere())).toThrow(sentence);
    expect(stack.api.publicRoutes).toEqual([]);
  });

  test('as in the example: a queue that anybody may send to, and a domain', async () => {
    const { resources, stack } = synthesizedStack({
      extension: { ...busySample, api: { 'GET /api/products': './functions/app/products.ts' } },
      addOwnResources: await example(1),
    });
    expect(stack.api.publicRoutes).toEqual(['POST /hooks/couriers']);
    expect(single(resources, 'AWS::ApiGatewayV2::DomainName').Properties).toMatchObject({
      DomainName: 'lens.example.com',
    });
  });
});
