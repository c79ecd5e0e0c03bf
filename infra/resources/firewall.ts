import { ReferenceStrength, Stack, type StackProps } from 'aws-cdk-lib';
import { CfnWebACL } from 'aws-cdk-lib/aws-wafv2';
import type { Construct } from 'constructs';
import type { Extension } from '../../shared/config.ts';
import { paths } from '../../shared/contract.ts';
import { stackPropsOf } from '../stage.ts';

/** Ten a second from one address, for five minutes: a whole office that shares one stays far below. */
const requestsPerFiveMinutes = 3_000;

/**
 * The firewall of CloudFront: a stack of its own, in the region that it must be in. It limits how much one address may ask,
 * where people ask. The platform and other servers call from few addresses; their routes are limited by the gateway.
 */
export class FirewallStack extends Stack {
  readonly arn: string;

  constructor(scope: Construct, id: string, { extension, ...props }: StackProps & { readonly extension: Extension }) {
    super(scope, id, { ...props, ...stackPropsOf(extension) });
    // Samples would show whoever may see them the cookies, tokens and codes of requests.
    const visibility = { cloudWatchMetricsEnabled: true, sampledRequestsEnabled: false };
    const firewall = new CfnWebACL(this, 'Firewall', {
      scope: 'CLOUDFRONT',
      defaultAction: { allow: {} },
      customResponseBodies: {
        tooMany: { contentType: 'APPLICATION_JSON', content: '{"message":"Too Many Requests"}' },
      },
      rules: [
        {
          name: 'Rate',
          priority: 0,
          statement: {
            rateBasedStatement: {
              aggregateKeyType: 'IP',
              evaluationWindowSec: 300,
              limit: requestsPerFiveMinutes,
              scopeDownStatement: {
                notStatement: { statement: { orStatement: { statements: serverPathsOf(extension).map(begins) } } },
              },
            },
          },
          action: {
            block: {
              customResponse: {
                responseCode: 429,
                customResponseBodyKey: 'tooMany',
                responseHeaders: [{ name: 'retry-after', value: '60' }],
              },
            },
          },
          visibilityConfig: { ...visibility, metricName: 'Rate' },
        },
      ],
      visibilityConfig: { ...visibility, metricName: this.stackName },
    });
    // Read by CloudFormation from this stack's output when the other one is deployed: docs/decisions/0029-edge.md.
    this.arn = Stack.consumeReference(firewall.attrArn, ReferenceStrength.WEAK);
  }
}

/** What the routes that servers call begin with. */
function serverPathsOf({ calls }: Pick<Extension, 'calls'>): string[] {
  const own = [paths.storefront, paths.webhookEvents, paths.autoInstall, paths.uninstall];
  const authors = Object.keys(calls).map((route) => route.slice(route.indexOf(' ') + 1));
  return [...new Set([...own, ...authors].map((path) => path.split('{', 1)[0] ?? path))];
}

function begins(searchString: string): CfnWebACL.StatementProperty {
  return {
    byteMatchStatement: {
      fieldToMatch: { uriPath: {} },
      positionalConstraint: 'STARTS_WITH',
      searchString,
      textTransformations: [{ priority: 0, type: 'NONE' }],
    },
  };
}
