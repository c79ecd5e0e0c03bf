import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { securityHeaders } from './runtime/http/security-headers.ts';

/** `GET /_healthz`: answers once requests are served; touches nothing. */
export const handler = ({ requestContext }: APIGatewayProxyEventV2): Promise<unknown> =>
  Promise.resolve({
    statusCode: 200,
    headers: { ...securityHeaders, 'content-type': 'application/json', 'cache-control': 'no-store' },
    ...(requestContext.http.method === 'HEAD' ? {} : { body: '{"ok":true}' }),
  });
