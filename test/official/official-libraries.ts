import type { RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { TEST_OFFICIAL_CACHE: directory } = process.env;
if (directory === undefined) throw new Error('These tests run by npm run test:official, which fetches what they need.');
const require = createRequire(join(directory, 'package.json'));

export type Json = Record<string, unknown>;
/** An operation of a client: the names that it wants, and the body that was answered. */
type Service = Record<string, (given?: Json) => Promise<Json>>;

/** As much of the official client as the tests call. */
export interface PlatformClient {
  readonly catalog: Service;
  readonly order: Service;
  readonly companyProfile: Service;
  readonly configuration: Service;
  readonly webhook: Service;
  application(id: string): Record<string, Service>;
}

/** What the library puts on requests below its routers. */
export interface ExtensionRequest {
  readonly platformClient: PlatformClient;
  readonly partnerClient: Record<string, Service>;
  readonly body: unknown;
}
interface Reply {
  json(body: unknown): void;
  status(code: number): Reply;
}
type Handler = (request: ExtensionRequest, reply: Reply, next: (error?: unknown) => void) => unknown;
type ErrorHandler = (error: Error, request: ExtensionRequest, reply: Reply, next: unknown) => unknown;

export interface Router {
  use(...handlers: (string | Handler | ErrorHandler | Router)[]): void;
  get(path: string, handler: Handler): void;
  post(path: string, handler: Handler): void;
}

/** What `setupFdk` makes. */
export interface OfficialExtension {
  readonly fdkHandler: Router;
  readonly platformApiRoutes: Router;
  readonly partnerApiRoutes: Router;
  readonly extension: { readonly isInitialized: boolean; readonly base_url: string; readonly scopes: string[] };
  readonly webhookRegistry: {
    processWebhook(request: ExtensionRequest): Promise<void>;
    syncEvents(client: PlatformClient, config: null, enable: boolean): Promise<void>;
  };
  getPlatformClient(company: string): Promise<PlatformClient>;
}

interface ExtensionLibrary {
  setupFdk(this: void, configuration: Json, waits: true): Promise<OfficialExtension>;
}
/** `strictResponseCheck`: answers that the models do not describe are rejected. */
interface ClientLibrary {
  PlatformConfig: new (
    given: Json,
    options: { strictResponseCheck: boolean },
  ) => Json & {
    oauthClient: {
      setToken(token: Json): void;
      getOfflineAccessTokenObj(scopes: string[], code: string): Promise<Json>;
      token_expires_at: number;
    };
  };
  PlatformClient: new (config: Json) => PlatformClient;
  PartnerConfig: ClientLibrary['PlatformConfig'];
  PartnerClient: new (config: Json) => Record<'theme' | 'lead' | 'webhook', Service>;
  ApplicationConfig: new (given: Json) => Json;
  ApplicationClient: new (config: Json) => Record<'catalog' | 'configuration', Service>;
}
interface Express {
  (): Router & RequestListener;
  json(): Handler;
}

export const { setupFdk } = require('@gofynd/fdk-extension-javascript/express') as ExtensionLibrary;
export const { MemoryStorage } = require('@gofynd/fdk-extension-javascript/express/storage') as {
  MemoryStorage: new (prefix: string) => object;
};
export const official = require('@gofynd/fdk-client-javascript') as ClientLibrary;
export const express = require('express') as Express;
export const cookieParser = require('cookie-parser') as (secret: string) => Handler;
