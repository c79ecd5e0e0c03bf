import { Stack, Token } from 'aws-cdk-lib';
import { DomainName, type HttpRouteIntegration, SecurityPolicy } from 'aws-cdk-lib/aws-apigatewayv2';
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { IAliasRecordTarget } from 'aws-cdk-lib/aws-route53';
import { ApiGatewayv2DomainProperties, CloudFrontTarget } from 'aws-cdk-lib/aws-route53-targets';
import type { Construct } from 'constructs';
import { ConfigurationError } from '../../shared/config.ts';
import { ownFolders } from '../../shared/contract.ts';
import { firewallRegion } from '../firewall-region.ts';
import { addOutput } from '../outputs.ts';
import { type Edge, maxOwnPaths } from './edge.ts';
import { type ExtensionApi, maxRoutes } from './http-api.ts';

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'ANY'];
const text = String.raw`(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+`;
const routePattern = new RegExp(
  String.raw`^(?:${methods.join('|')}) /${text}(?:/(?:${text}|\{\w+\}))*(?:/\{\w+\+\})?$`,
);
const hostPattern = /^(?=.{1,253}$)(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)+[a-z][a-z\d-]*[a-z\d]$/;

/** The extension's API, as far as it is its author's: what `infra/own-resources.ts` is given as `api`. */
export class OwnApi {
  readonly #scope: Construct;
  readonly #api: ExtensionApi;
  readonly #edge: Edge | undefined;
  readonly #baseUrl: string;
  readonly #publicRoutes: string[] = [];
  #domainName: string | undefined;

  constructor(
    scope: Construct,
    { api, edge, baseUrl }: { readonly api: ExtensionApi; readonly edge: Edge | undefined; readonly baseUrl: string },
  ) {
    this.#scope = scope;
    this.#api = api;
    this.#edge = edge;
    this.#baseUrl = baseUrl;
  }

  /** Routes that were added here, `METHOD /path`: anybody reaches them. */
  get publicRoutes(): readonly string[] {
    return this.#publicRoutes;
  }

  /**
   * Leads a domain to the extension, once DNS leads it to what is returned, or to the output `DomainTarget`. The certificate
   * is of the stack's region, with `edge` of us-east-1. Where `EXTENSION_BASE_URL` names this domain, the API's own address answers nobody any more; with `edge` it answers CloudFront.
   * @throws {ConfigurationError} where it is no host name, or not the first.
   */
  addDomain(domainName: string, certificate: ICertificate): IAliasRecordTarget {
    if (!hostPattern.test(domainName)) {
      throw refusal(`"${domainName}" is no domain: write it in small letters, such as "lens.example.com"`);
    }
    if (this.#domainName !== undefined) {
      throw new ConfigurationError(
        `Two domains, ${this.#domainName} and ${domainName}, are to lead to the extension, which has one origin: name one, in infra/own-resources.ts or as domain of the stage.`,
      );
    }
    this.#domainName = domainName;
    const target =
      this.#edge === undefined
        ? this.#leadToApi(domainName, certificate)
        : leadToEdge(this.#edge, domainName, certificate);
    addOutput(this.#scope, 'DomainTarget', target.name, `Where DNS must lead ${domainName}.`);
    return target.alias;
  }

  #leadToApi(domainName: string, certificate: ICertificate): DomainTarget {
    const { region } = Stack.of(this.#scope);
    requireRegion(domainName, certificate, region, 'the region of the stack');
    const domain = new DomainName(this.#scope, 'Domain', {
      domainName,
      certificate,
      securityPolicy: SecurityPolicy.TLS_1_2,
    });
    this.#api.answerUnder(domain);
    if (this.#baseUrl === `https://${domainName}`) this.#api.closeOwnAddress();
    const { regionalDomainName: name, regionalHostedZoneId } = domain;
    return { name, alias: new ApiGatewayv2DomainProperties(name, regionalHostedZoneId) };
  }

  /**
   * Adds a route of yours, such as `POST /hooks/{name}`, to an integration of yours. **It is public**: no session, signature or
   * origin is asked for. `GET` takes `HEAD`, too. `requestsPerSecond` is the most that it takes from all callers together.
   * @throws {ConfigurationError} where the path is the extension's own, or taken.
   */
  addPublicRoute(
    route: string,
    integration: HttpRouteIntegration,
    { requestsPerSecond = 100 }: { readonly requestsPerSecond?: number } = {},
  ): void {
    if (!routePattern.test(route)) {
      throw refusal(
        `"${route}" must be a method (${methods.join(', ')}), a space and a path that begins with a text, such as "POST /hooks/{name}"`,
      );
    }
    const [method = '', path = ''] = route.split(' ');
    const [, first = ''] = path.split('/');
    if (ownFolders.has(first) || first.startsWith('_')) {
      throw refusal(
        `"${route}" is below /${first}, where the extension answers: choose another path, or name a handler in extension.config.ts`,
      );
    }
    const routes = routesOf(method, path);
    const taken = new Set([...this.#api.routes].map(shapeOf));
    if (routes.some((each) => taken.has(shapeOf(each)))) throw refusal(`"${route}" is taken by another route`);
    if (this.#api.routes.size + routes.length > maxRoutes) {
      throw refusal(`"${route}" is one route too many: an HTTP API takes ${maxRoutes}`);
    }
    if (this.#edge?.isFull(path)) {
      throw refusal(
        `"${route}" is one path too many: with edge, calls and public routes begin in at most ${maxOwnPaths} ways`,
      );
    }
    for (const each of routes) this.#api.integrate(each, integration, requestsPerSecond);
    this.#edge?.addPath(path);
    this.#publicRoutes.push(route);
  }
}

interface DomainTarget {
  readonly name: string;
  readonly alias: IAliasRecordTarget;
}

/** The API's own address stays open: it is where CloudFront asks, and the functions demand its key. */
function leadToEdge(edge: Edge, domainName: string, certificate: ICertificate): DomainTarget {
  requireRegion(domainName, certificate, firewallRegion, 'where CloudFront takes them from');
  edge.answerUnder(domainName, certificate.certificateArn);
  return { name: edge.distribution.distributionDomainName, alias: new CloudFrontTarget(edge.distribution) };
}

function requireRegion(domainName: string, { certificateArn }: ICertificate, region: string, because: string): void {
  if (Token.isUnresolved(certificateArn) || Token.isUnresolved(region)) return;
  if (certificateArn.split(':')[3] === region) return;
  throw new ConfigurationError(`The certificate of ${domainName} must be one of ${region}, ${because}.`);
}

/** The front end's files have `GET` and `HEAD` of every path: which of these and `ANY` takes a request is not documented. */
function routesOf(method: string, path: string): string[] {
  if (method === 'GET') return [`GET ${path}`, `HEAD ${path}`];
  return method === 'ANY' ? [`GET ${path}`, `HEAD ${path}`, `ANY ${path}`] : [`${method} ${path}`];
}

/** A route whatever its parameters are called. */
function shapeOf(route: string): string {
  return route.replaceAll(/\{\w+(\+?)\}/g, '{$1}');
}

function refusal(sentence: string): ConfigurationError {
  return new ConfigurationError(`infra/own-resources.ts: ${sentence}.`);
}
