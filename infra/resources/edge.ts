import { Duration, Names, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import {
  AllowedMethods,
  CachePolicy,
  type CfnDistribution,
  Distribution,
  OriginRequestHeaderBehavior,
  OriginRequestPolicy,
  ResponseHeadersPolicy,
  S3OriginAccessControl,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin, OriginGroup, S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { BlockPublicAccess, Bucket, BucketEncryption, type IBucket } from 'aws-cdk-lib/aws-s3';
import { BucketDeployment, CacheControl, Source } from 'aws-cdk-lib/aws-s3-deployment';
import { Construct } from 'constructs';
import { edgeKeyHeader, environment, ownFolders } from '../../shared/contract.ts';
import type { EdgeFiles } from '../bundle/edge-files.ts';
import { generatedKey, SingleSecret } from './secrets.ts';

/** A distribution takes 25 behaviours unless AWS raises it: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html */
const maxBehaviors = 25;
/** One is for all else, and one for each prefix of the extension's own. */
export const maxOwnPaths = maxBehaviors - 2 - ownFolders.size;

/**
 * CloudFront in front of the API and of the front end's files, one origin for both. What has a digest in its name comes from
 * a bucket; all else is the API's, which demands the edge key.
 */
export class Edge extends Construct {
  /** What CloudFront proves itself with. */
  readonly key: SingleSecret;
  readonly #distribution: Distribution;
  readonly #api: HttpOrigin;
  readonly #patterns = new Set<string>();

  constructor(
    scope: Construct,
    id: string,
    options: {
      /** The API's own host. */
      readonly apiHost: string;
      readonly firewallArn: string;
      readonly files: readonly EdgeFiles[];
    },
  ) {
    super(scope, id);
    this.key = new SingleSecret(this, 'Key', environment.edgeKeySecretId, {
      description: 'What CloudFront brings to the functions. A new version leaves the last one valid.',
      generateSecretString: generatedKey,
    });
    this.#api = new HttpOrigin(options.apiHost, {
      // CloudFormation reads it when the distribution is made or changed; templates hold the reference alone.
      customHeaders: { [edgeKeyHeader]: this.#keyReference() },
    });
    const bucket = this.#bucket(options.files);
    const { region } = Stack.of(this);
    // CloudFront's names are the account's, over all its regions: the CDK's own would be those of another stack, too.
    const nameInAccount = (id: string) =>
      `${Names.uniqueResourceName(this, { maxLength: 62 - region.length - id.length })}-${region}-${id}`;
    this.#distribution = new Distribution(this, 'Distribution', {
      comment: `The extension's front door (${Stack.of(this).stackName})`,
      webAclId: options.firewallArn,
      defaultBehavior: {
        // Whatever the bucket lacks, the API answers, with its own 404 where it lacks it, too.
        origin: new OriginGroup({
          primaryOrigin: S3BucketOrigin.withOriginAccessControl(bucket, {
            originAccessControl: new S3OriginAccessControl(this, 'FileAccess', {
              originAccessControlName: nameInAccount('FileAccess'),
            }),
          }),
          fallbackOrigin: this.#api,
          fallbackStatusCodes: [403, 404],
        }),
        viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        // It compresses what it stores.
        cachePolicy: CachePolicy.CACHING_OPTIMIZED,
        // By these a person is told from a script where something is not there.
        originRequestPolicy: new OriginRequestPolicy(this, 'FileRequests', {
          originRequestPolicyName: nameInAccount('FileRequests'),
          headerBehavior: OriginRequestHeaderBehavior.allowList('Accept', 'Sec-Fetch-Mode'),
        }),
        responseHeadersPolicy: new ResponseHeadersPolicy(this, 'FileResponses', {
          responseHeadersPolicyName: nameInAccount('FileResponses'),
          securityHeadersBehavior: {
            contentTypeOptions: { override: true },
            strictTransportSecurity: {
              accessControlMaxAge: Duration.days(730),
              includeSubdomains: true,
              override: true,
            },
          },
        }),
      },
      // What is not there now may be there after the next deployment.
      errorResponses: [403, 404].map((httpStatus) => ({ httpStatus, ttl: Duration.seconds(0) })),
    });
    acknowledge(this.#distribution, {
      'AwsSolutions-CFR1': 'Merchants work from everywhere.',
      'AwsSolutions-CFR3': 'What reaches the API is in its access log, without queries, in which codes travel.',
      'AwsSolutions-CFR4':
        'Under its own name CloudFront takes no other policy. A domain of the author’s has TLSv1.2_2021.',
    });
    for (const path of [...[...ownFolders].map((folder) => `/${folder}/{rest}`), '/_*']) this.addPath(path);
  }

  /** The distribution's own origin, without a trailing slash. */
  get origin(): string {
    return `https://${this.#distribution.distributionDomainName}`;
  }

  get distribution(): Distribution {
    return this.#distribution;
  }

  /** Leads a path of a route, as an HTTP API takes it, to the API: whole and uncached. */
  addPath(path: string): void {
    const pattern = patternOf(path);
    if (this.#patterns.has(pattern)) return;
    this.#patterns.add(pattern);
    this.#distribution.addBehavior(pattern, this.#api, {
      viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      allowedMethods: AllowedMethods.ALLOW_ALL,
      cachePolicy: CachePolicy.CACHING_DISABLED,
      originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
    });
  }

  /** Whether CloudFront takes no further path like this one. */
  isFull(path: string): boolean {
    return !this.#patterns.has(patternOf(path)) && this.#patterns.size >= maxBehaviors - 1;
  }

  /** Answers under a domain, too. CloudFront takes certificates of us-east-1 only. */
  answerUnder(domainName: string, certificateArn: string): void {
    const distribution = this.#distribution.node.defaultChild as CfnDistribution;
    distribution.addPropertyOverride('DistributionConfig.Aliases', [domainName]);
    distribution.addPropertyOverride('DistributionConfig.ViewerCertificate', {
      AcmCertificateArn: certificateArn,
      MinimumProtocolVersion: 'TLSv1.2_2021',
      SslSupportMethod: 'sni-only',
    });
  }

  /** `edgeKeyVersion` of the context is the id of a version: naming another one is what has CloudFormation read again. */
  #keyReference(): string {
    const version: unknown = this.node.tryGetContext('edgeKeyVersion');
    return `{{resolve:secretsmanager:${this.key.secretArn}:SecretString:::${typeof version === 'string' ? version : ''}}}`;
  }

  #bucket(files: readonly EdgeFiles[]): IBucket {
    // The CDK's own types disagree about what may be undefined.
    const bucket = new Bucket(this, 'Files', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      // All of it is in the front end's build.
      removalPolicy: RemovalPolicy.DESTROY,
      autoDeleteObjects: true,
    }) as IBucket;
    acknowledge(bucket, {
      'AwsSolutions-S1': 'Only CloudFront reads it, and only what everybody may have.',
    });
    for (const { type, directory } of files) {
      upload(this, `Upload${type.replaceAll(/\W+/g, '-')}`, {
        destinationBucket: bucket,
        sources: [Source.asset(directory)],
        contentType: type,
        cacheControl: [CacheControl.fromString('public, max-age=31536000, immutable')],
        // What an open page still loads stays there.
        prune: false,
      });
    }
    return bucket;
  }
}

/** All that begins with the same segment is led alike: a distribution takes few patterns, and the API answers anything. */
function patternOf(path: string): string {
  const [, first = '', ...rest] = path.split('/');
  return rest.length === 0 ? `/${first}` : `/${first}/*`;
}

function upload(...given: ConstructorParameters<typeof BucketDeployment>): BucketDeployment {
  return new BucketDeployment(...given);
}

function acknowledge(construct: Construct, reasons: Readonly<Record<string, string>>): void {
  for (const [id, reason] of Object.entries(reasons)) Validations.of(construct).acknowledge({ id, reason });
}
