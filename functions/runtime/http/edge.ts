import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { edgeKeyHeader } from '../../../shared/contract.ts';
import { equalInConstantTime } from '../../../shared/equal-in-constant-time.ts';
import { edgeKeys } from '../secrets.ts';
import { isHanded } from '../settings.ts';

/** The key that CloudFront puts on requests, out of the event: nothing behind is to see or log it. */
export function takeEdgeKey({ headers }: Pick<APIGatewayProxyEventV2, 'headers'>): string | undefined {
  const key = headers[edgeKeyHeader];
  delete headers[edgeKeyHeader];
  return key;
}

/** Whether that key is right. Always true where the stack has no CloudFront in front. */
export async function isEdgeKey(key: string | undefined): Promise<boolean> {
  if (!isHanded('edgeKeySecretId')) return true;
  if (key === undefined) return false;
  for await (const right of edgeKeys()) if (equalInConstantTime(key, right)) return true;
  return false;
}

/** What who comes past CloudFront gets: as the gateway answers where there is no route. */
export const notThroughEdge: APIGatewayProxyStructuredResultV2 = {
  statusCode: 404,
  headers: { 'content-type': 'application/json' },
  body: '{"message":"Not Found"}',
};
