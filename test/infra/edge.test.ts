import { HttpUrlIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { describe, expect, test } from 'vitest';
import { ConfigurationError } from '../../shared/config.ts';
import { edgeKeyHeader, environment } from '../../shared/contract.ts';
import { calledSample, ofType, type Resource, sample, single, synthesizedStack, target } from './synthesized-stack.ts';

interface Behavior {
  readonly PathPattern: string;
  readonly CachePolicyId: string;
  readonly OriginRequestPolicyId: unknown;
  readonly TargetOriginId: string;
  readonly AllowedMethods?: readonly string[];
}

interface DistributionConfig {
  readonly Aliases?: readonly string[];
  readonly CacheBehaviors: readonly Behavior[];
  readonly DefaultCacheBehavior: Behavior;
  readonly Origins: readonly {
    readonly Id: string;
    readonly DomainName: unknown;
    readonly OriginAccessControlId?: unknown;
    readonly OriginCustomHeaders?: readonly { readonly HeaderName: string; readonly HeaderValue: unknown }[];
  }[];
  readonly OriginGroups: { readonly Items: readonly { readonly Members: { readonly Items: readonly object[] } }[] };
  readonly ViewerCertificate?: unknown;
  readonly WebACLId: unknown;
}

const atEdge = (options: Parameters<typeof synthesizedStack>[0] = {}) =>
  synthesizedStack({ ...options, extension: { ...(options.extension ?? calledSample), edge: true } });
const distributionOf = ({ resources }: { resources: Readonly<Record<string, Resource>> }) =>
  single(resources, 'AWS::CloudFront::Distribution').Properties['DistributionConfig'] as DistributionConfig;

// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html and …-origin-request-policies.html
const managed = {
  cachingDisabled: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
  cachingOptimized: '658327ea-f89d-4fab-a63d-7e88639e58f6',
  allViewerExceptHost: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
};

test('without edge there is no CloudFront, and no key to bring', () => {
  const { resources, firewall } = synthesizedStack();
  expect(firewall).toBeUndefined();
  expect(JSON.stringify(resources)).not.toMatch(/CloudFront|WAFv2|AWS::S3|EDGE_KEY/);
});

describe('with edge', () => {
  const synthesized = atEdge();
  const { resources, firewall } = synthesized;
  const distribution = distributionOf(synthesized);
  const [bucketOrigin, apiOrigin] = distribution.Origins;

  test('everything that is not a file goes to the API, uncached, with headers, cookies and query whole', () => {
    const patterns = distribution.CacheBehaviors.map(({ PathPattern }) => PathPattern);
    const own = ['/api/*', '/fp/*', '/adm/*', '/ext/*', '/company/*', '/organization/*', '/_*'];
    // /api/v1/paid/… lies below /api/ already.
    expect(patterns).toEqual([...own, '/pay/*']);
    for (const behavior of distribution.CacheBehaviors) {
      expect(behavior).toMatchObject({
        CachePolicyId: managed.cachingDisabled,
        OriginRequestPolicyId: managed.allViewerExceptHost,
        TargetOriginId: apiOrigin?.Id,
      });
      expect(behavior.AllowedMethods).toHaveLength(7);
    }
  });

  test('files come from the bucket, which only this distribution reads, and what it lacks from the API', () => {
    expect(distribution.DefaultCacheBehavior.CachePolicyId).toBe(managed.cachingOptimized);
    expect(distribution.OriginGroups.Items).toMatchObject([
      {
        FailoverCriteria: { StatusCodes: { Items: [403, 404] } },
        Members: { Items: [{ OriginId: bucketOrigin?.Id }, { OriginId: expect.any(String) }] },
      },
    ]);
    expect(target(bucketOrigin?.OriginAccessControlId)).toBe('EdgeFileAccess');
    expect(single(resources, 'AWS::S3::Bucket').Properties).toMatchObject({
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true },
    });
    const statements = single(resources, 'AWS::S3::BucketPolicy').Properties['PolicyDocument'] as {
      readonly Statement: readonly { readonly Action: unknown; readonly Principal: unknown; readonly Effect: string }[];
    };
    const readers = statements.Statement.filter(
      ({ Effect, Action }) => Effect === 'Allow' && Action === 's3:GetObject',
    );
    expect(readers).toMatchObject([
      { Principal: { Service: 'cloudfront.amazonaws.com' }, Condition: { StringEquals: { 'AWS:SourceArn': {} } } },
    ]);
  });

  test('files are uploaded with their type, for ever, and those of before stay', () => {
    expect(single(resources, 'Custom::CDKBucketDeployment').Properties).toMatchObject({
      Prune: false,
      SystemMetadata: {
        'content-type': 'text/css; charset=utf-8',
        'cache-control': 'public, max-age=31536000, immutable',
      },
    });
  });

  test('every request that CloudFront makes of the API brings a key, of which the template holds a reference alone', () => {
    const apis = distribution.Origins.filter((origin) => origin !== bucketOrigin);
    expect(apis.length).toBeGreaterThan(0);
    for (const { OriginCustomHeaders, DomainName } of apis) {
      expect(JSON.stringify(DomainName)).toContain('execute-api');
      expect(OriginCustomHeaders).toMatchObject([{ HeaderName: edgeKeyHeader }]);
      expect(target(OriginCustomHeaders?.[0]?.HeaderValue)).toBe('{{resolve:secretsmanager:EdgeKey:SecretString:::}}');
    }
    expect(ofType(resources, 'AWS::SecretsManager::Secret').get('EdgeKey')?.Properties).toMatchObject({
      GenerateSecretString: { PasswordLength: 64 },
    });
  });

  test('every function that answers requests is handed the key, but for the one that touches nothing; the worker is not', () => {
    const knowing = [...ofType(resources, 'AWS::Lambda::Function')].map(([id, { Properties }]) => {
      const { Variables } = (Properties['Environment'] ?? {}) as { Variables?: Record<string, unknown> };
      return [id, target(Variables?.[environment.edgeKeySecretId] ?? 'none')] as const;
    });
    const without = knowing.filter(([, key]) => key !== 'EdgeKey').map(([id]) => id);
    const cdks = without.filter((id) => id.startsWith('Custom'));
    expect(cdks).toHaveLength(2);
    expect(new Set(without)).toEqual(new Set(['HealthzFunction', 'WorkerFunction', ...cdks]));
    expect(knowing.length).toBeGreaterThan(12);
  });

  test("the base URL is the distribution's, unless it is said", () => {
    const url = (made: typeof synthesized) => {
      const { Value } = made.template.findOutputs('ExtensionUrl')['ExtensionUrl'] as { Value: unknown };
      return target(Value);
    };
    expect(url(synthesized)).toBe('https://EdgeDistribution');
    const named = atEdge({ baseUrl: 'https://lens.example.com' });
    expect(url(named)).toBe('https://lens.example.com');
    // CloudFront asks there.
    const api = single(named.resources, 'AWS::ApiGatewayV2::Api');
    expect(api.Properties['DisableExecuteApiEndpoint']).toBeUndefined();
  });

  test('a firewall limits how much one address may ask, where people ask', () => {
    firewall?.hasResourceProperties('AWS::WAFv2::WebACL', { Scope: 'CLOUDFRONT', DefaultAction: { Allow: {} } });
    const text = JSON.stringify(firewall?.toJSON());
    const exempt = [...text.matchAll(/"SearchString":"([^"]+)"/g)].map(([, path]) => path);
    expect(exempt).toEqual([
      '/ext/',
      '/api/webhook-events',
      '/fp/auto_install',
      '/fp/uninstall',
      '/pay/',
      '/api/v1/paid/',
    ]);
    expect(text).toContain('"SampledRequestsEnabled":false');
    expect(text).not.toContain('"SampledRequestsEnabled":true');
    expect(distribution.WebACLId).toMatchObject({ 'Fn::GetStackOutput': { Region: 'us-east-1' } });
  });
});

describe("with edge, what the author's own resources add", () => {
  const certificateOf = (region: string) => `arn:aws:acm:${region}:123456789012:certificate/1`;

  test('is led to the API: each public route has its path, and paths that begin alike share one', () => {
    const made = atEdge({
      addOwnResources: ({ api }) => {
        const away = new HttpUrlIntegration('Away', 'https://elsewhere.example.com/');
        for (const route of ['GET /status', 'POST /hooks/a', 'POST /hooks/{name}/b']) api.addPublicRoute(route, away);
      },
    });
    const patterns = distributionOf(made).CacheBehaviors.map(({ PathPattern }) => PathPattern);
    expect(patterns.slice(-3)).toEqual(['/pay/*', '/status', '/hooks/*']);
  });

  test('is refused with a sentence where CloudFront takes no more', () => {
    const { stack } = atEdge({ extension: sample });
    const away = new HttpUrlIntegration('Away', 'https://elsewhere.example.com/');
    const add = (name: string) => stack.api.addPublicRoute(`POST /${name}/{id}`, away);
    for (let index = 1; index <= 17; index++) add(`hook${index}`);
    expect(() => add('hook18')).toThrow(/"POST \/hook18\/\{id\}" is one path too many: .* at most 17 ways\.$/);
    stack.api.addPublicRoute('POST /hook17/other/{id}', away);
  });

  test('a domain leads to the distribution, with a certificate of the region that CloudFront takes them from', () => {
    const made = atEdge({
      addOwnResources: ({ stack, api }) => {
        const certificate = Certificate.fromCertificateArn(stack, 'Certificate', certificateOf('us-east-1'));
        api.addDomain('lens.example.com', certificate);
      },
    });
    expect(distributionOf(made)).toMatchObject({
      Aliases: ['lens.example.com'],
      ViewerCertificate: { AcmCertificateArn: certificateOf('us-east-1'), MinimumProtocolVersion: 'TLSv1.2_2021' },
    });
    expect(ofType(made.resources, 'AWS::ApiGatewayV2::DomainName').size).toBe(0);

    const { stack } = atEdge();
    const elsewhere = Certificate.fromCertificateArn(stack, 'Certificate', certificateOf('ap-south-1'));
    expect(() => stack.api.addDomain('lens.example.com', elsewhere)).toThrow(
      new ConfigurationError(
        'The certificate of lens.example.com must be one of us-east-1, where CloudFront takes them from.',
      ),
    );
  });
});
