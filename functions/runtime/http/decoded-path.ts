import type { APIGatewayProxyEventV2 } from 'aws-lambda';

/** As much of a request as tells how its path came. */
export interface PathAsItCame {
  readonly rawPath: string;
  readonly invocation: { readonly event: Pick<APIGatewayProxyEventV2, 'routeKey'> };
}

/**
 * Whether the path came decoded. An HTTP API decodes it before the function is called, whatever its name says, and
 * decoding it once more would change it. Other front doors, whose route is `$default`, hand it over as it was sent.
 */
export function isPathDecoded({ invocation }: PathAsItCame): boolean {
  return invocation.event.routeKey !== '$default';
}
