import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { gatewayEvent } from '../../test/functions/fixture/event.ts';
import { company, inventoryChange } from '../platform-answers.ts';
import { listingQuery } from '../requests.ts';
import type { Subject } from '../subject.ts';

export interface OfficialSetup {
  /** Where the official stack is installed. */
  readonly folder: string;
  readonly kind: 'read' | 'write' | 'callback';
  readonly platform: string;
}

/** What is used of the packages, which are no dependencies of this project and so bring no types. */
interface Request {
  readonly query: Record<string, string>;
  readonly body: unknown;
  readonly platformClient: { readonly catalog: Record<string, (argument: object) => Promise<unknown>> };
}
interface Response {
  json(body: unknown): void;
}
type Next = (error: unknown) => void;
interface Router {
  use(...handlers: unknown[]): void;
  get(path: string, handler: (request: Request, response: Response, next: Next) => void): void;
  post(path: string, handler: (request: Request, response: Response, next: Next) => void): void;
}

/**
 * An extension as the official library's README builds it, with its sessions in memory, behind the usual adapter: a
 * signed-in person's page calls a route, which calls the platform by the official client.
 */
export async function start({ folder, kind, platform }: OfficialSetup): Promise<Subject<APIGatewayProxyEventV2>> {
  const require = createRequire(join(folder, 'package.json'));
  const express = require('express') as { (): Router; json(): unknown };
  const cookieParser = require('cookie-parser') as (secret: string) => unknown;
  const cookieSignature = createRequire(require.resolve('cookie-parser'))('cookie-signature') as {
    sign(value: string, secret: string): string;
  };
  const { setupFdk } = require('@gofynd/fdk-extension-javascript/express');
  const { MemoryStorage } = require('@gofynd/fdk-extension-javascript/express/storage');
  const serverless = require('serverless-http') as (
    app: Router,
  ) => (event: APIGatewayProxyEventV2, context: object) => Promise<APIGatewayProxyStructuredResultV2>;

  const cookieSecret = 'ext.session';
  const storage = new MemoryStorage('bench_');
  const fdk = await setupFdk(
    {
      api_key: 'bench-api-key',
      api_secret: 'bench-api-secret',
      base_url: 'https://extension.example',
      scopes: ['company/products'],
      callbacks: { auth: () => '/', uninstall: () => undefined },
      storage,
      // As the sample's own: with a token for the company besides the person's.
      access_mode: kind === 'callback' ? 'offline' : 'online',
      cluster: platform,
    },
    true,
  );
  await storage.set('bench-session', {
    company_id: Number(company),
    state: 'bench-state',
    scope: ['company/products'],
    access_mode: 'online',
    access_token: `bench-online-token-${'x'.repeat(40)}`,
    current_user: { user_id: 'u1' },
    expires_in: 86_400,
    access_token_validity: Date.now() + 86_400_000,
    extension_id: 'bench-api-key',
  });

  const app = express();
  app.use(cookieParser(cookieSecret));
  app.use(express.json());
  app.use('/', fdk.fdkHandler);
  const routes = fdk.platformApiRoutes as Router;
  routes.get('/products', ({ platformClient, query }, response, next) => {
    platformClient.catalog['getProducts']?.({ pageNo: query['page_no'], pageSize: query['page_size'] }).then(
      (page) => response.json(page),
      next,
    );
  });
  routes.post('/inventory', ({ platformClient, body }, response, next) => {
    const change = { itemId: 7_500_001, sellerIdentifier: 'KES-000001', body };
    platformClient.catalog['updateRealtimeInventory']?.(change).then((answer) => response.json(answer), next);
  });
  app.use('/api', routes);
  const handler = serverless(app);

  const cookie = `ext_session_${company}=${encodeURIComponent(`s:${cookieSignature.sign('bench-session', cookieSecret)}`)}`;
  const headers = { accept: 'application/json', 'accept-encoding': 'gzip, deflate, br, zstd', 'x-company-id': company };
  let asked = 0;
  return {
    input() {
      asked += 1;
      if (kind === 'callback') {
        const query = `company_id=${company}&state=bench-state&code=bench-code-${asked}`;
        return gatewayEvent({ path: '/fp/auth', query, headers: { accept: 'text/html' }, cookie });
      }
      if (kind === 'read') return gatewayEvent({ path: '/api/products', query: listingQuery(asked), headers, cookie });
      const json = { ...headers, 'content-type': 'application/json' };
      return gatewayEvent({ method: 'POST', path: '/api/inventory', headers: json, cookie, body: inventoryChange });
    },
    async run(event) {
      const { statusCode } = await handler(event, {});
      if (statusCode !== (kind === 'callback' ? 302 : 200))
        throw new Error(`The official ${kind} was answered ${statusCode}.`);
    },
  };
}
