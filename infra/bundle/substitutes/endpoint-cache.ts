/**
 * Bundled in place of `@aws-sdk/endpoint-cache`, with its LRU cache: DynamoDB's client makes one for endpoint discovery,
 * which no command of it asks for any more.
 */
export class EndpointCache {
  get(): never {
    throw new Error('Endpoint discovery is left out of the bundles: see the aliases in infra/bundle/bundle.ts.');
  }
}
