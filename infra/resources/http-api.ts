import { RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  ApiMapping,
  type CfnApi,
  type CfnStage,
  type DomainName,
  HttpApi,
  HttpMethod,
  type HttpRouteIntegration,
  type HttpStage,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

/** Quota of an HTTP API, which cannot be raised: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html */
export const maxRoutes = 300;

/** An account's, in a region: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html */
const maxBurst = 5_000;

// No query string: codes and states travel in it. No headers: cookies do.
const accessLogFields = {
  requestId: '$context.requestId',
  time: '$context.requestTime',
  ip: '$context.identity.sourceIp',
  method: '$context.httpMethod',
  route: '$context.routeKey',
  path: '$context.path',
  status: '$context.status',
  latencyMs: '$context.responseLatency',
  integrationLatencyMs: '$context.integrationLatency',
  integrationStatus: '$context.integrationStatus',
  integrationError: '$context.integrationErrorMessage',
  error: '$context.error.message',
  responseBytes: '$context.responseLength',
} as const;

/** The extension's front door: the only thing of this stack that the public reaches. */
export class ExtensionApi extends Construct {
  readonly #api: HttpApi;
  readonly #stage: HttpStage;
  /** As CloudFormation spells it: the CDK hands this property on as it is. */
  readonly #routeSettings: Record<string, Readonly<Record<string, number>>> = {};
  readonly #integrations = new Map<IFunction, HttpLambdaIntegration>();
  readonly #routes = new Set<string>();

  constructor(
    scope: Construct,
    id: string,
    options: { readonly requestsPerSecond: number; readonly logRetentionDays?: number | undefined },
  ) {
    const { requestsPerSecond, logRetentionDays = 90 } = options;
    super(scope, id);
    // No CORS: no other site has business here. No default route: what is not listed is 404 at the gateway.
    this.#api = new HttpApi(this, 'HttpApi', {
      apiName: Stack.of(this).stackName,
      description: `The extension's routes (${Stack.of(this).stackName})`,
      createDefaultStage: false,
    });
    Validations.of(this.#api).acknowledge({
      id: 'AwsSolutions-APIG4',
      reason:
        'Browsers come with a sealed session cookie, which the functions open and check on every request; installing and signing in must be reachable without one. An authorizer could know no more.',
    });
    const accessLog = new LogGroup(this, 'AccessLog', {
      retention: logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.#stage = this.#api.addStage('Stage', {
      stageName: '$default',
      autoDeploy: true,
      throttle: { rateLimit: requestsPerSecond, burstLimit: Math.min(2 * requestsPerSecond, maxBurst) },
      accessLogSettings: {
        destination: new LogGroupLogDestination(accessLog),
        format: AccessLogFormat.custom(JSON.stringify(accessLogFields)),
      },
    });
  }

  /** Every `METHOD /path` that was added. */
  get routes(): ReadonlySet<string> {
    return this.#routes;
  }

  get id(): string {
    return this.#api.apiId;
  }

  /** The API's own origin, without a trailing slash. */
  get origin(): string {
    return `https://${this.host}`;
  }

  /** The API's own host. */
  get host(): string {
    const { region, urlSuffix } = Stack.of(this);
    return `${this.#api.apiId}.execute-api.${region}.${urlSuffix}`;
  }

  /**
   * Sends `METHOD /path` to the function; `ANY` stands for every method. `requestsPerSecond` is a limit of the route's own,
   * for all callers together.
   */
  route(route: string, fn: IFunction, requestsPerSecond?: number): void {
    const integration =
      this.#integrations.get(fn) ??
      // One permission for each function, not one for each route: a function's policy and a stack hold only so many.
      new HttpLambdaIntegration('Integration', fn, { scopePermissionToRoute: false });
    this.#integrations.set(fn, integration);
    this.integrate(route, integration, requestsPerSecond);
  }

  /** Sends `METHOD /path` to whatever the integration is; otherwise as `route` does. */
  integrate(route: string, integration: HttpRouteIntegration, requestsPerSecond?: number): void {
    const [method, path] = route.split(' ');
    if (path === undefined || !isMethod(method)) throw new Error(`"${route}" is not a route such as "GET /path".`);
    const added = this.#api.addRoutes({ path, methods: [method], integration });
    this.#routes.add(route);
    if (requestsPerSecond === undefined) return;
    this.#routeSettings[route] = {
      ThrottlingRateLimit: requestsPerSecond,
      ThrottlingBurstLimit: 2 * requestsPerSecond,
    };
    const stage = this.#stage.node.defaultChild as CfnStage;
    stage.routeSettings = this.#routeSettings;
    // A stage is refused whose settings name a route that does not exist yet.
    stage.node.addDependency(...added);
  }

  /** Answers under a domain, too. */
  answerUnder(domain: DomainName): ApiMapping {
    return new ApiMapping(domain, 'Mapping', { api: this.#api, domainName: domain, stage: this.#stage });
  }

  /** Lets the API's own address answer nobody: for who has a domain that leads to it. */
  closeOwnAddress(): void {
    (this.#api.node.defaultChild as CfnApi).disableExecuteApiEndpoint = true;
  }
}

function isMethod(method: string | undefined): method is HttpMethod {
  return Object.values<string | undefined>(HttpMethod).includes(method);
}
