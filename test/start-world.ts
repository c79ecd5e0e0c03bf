import type { OnDynamoDbConsumed } from '../infra/local/dynamodb/dynamodb.ts';
import type { Certificate } from '../infra/local/host/certificate.ts';
import { findFreePort, takePort } from '../infra/local/host/listen.ts';
import type { Log } from '../infra/local/host/log-entry.ts';
import { type LocalExtension, startLocalExtension } from '../infra/local/start-local-extension.ts';
import { startPlatform } from '../infra/simulated-platform/platform.ts';

/** Where the flow tests find the extension and the platform: all that they know. */
export interface World {
  readonly baseUrl: string;
  readonly platformUrl: string;
  readonly apiKey: string;
}

export interface LocalWorldOptions {
  readonly dataDir: string;
  readonly configFile?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** The extension speaks TLS too. */
  readonly certificate?: Certificate;
  readonly onDynamoDbRequest?: (operation: string) => void;
  readonly onDynamoDbConsumed?: OnDynamoDbConsumed;
  readonly log?: Log;
  /** Default: as it is deployed. */
  readonly showsErrors?: boolean;
  readonly reloadsPages?: boolean;
  readonly readsSecretsLate?: boolean;
  readonly inspectPort?: number;
  /** A platform that is there already, e.g. from before a restart. */
  readonly platform?: { readonly origin: string; close(): Promise<void> };
}

export interface LocalWorld {
  readonly world: World;
  readonly extension: LocalExtension;
  readonly platform: { readonly origin: string; close(): Promise<void> };
  close(): Promise<void>;
}

const apiKey = '000000000000000000c0ffee';
const apiSecret = 'CANARY-api-secret';

/** The synthesized stack on this machine, and a simulated platform for it. */
export async function startWorld(options: LocalWorldOptions): Promise<LocalWorld> {
  const port = options.port ?? (await findFreePort());
  const { certificate } = options;
  const baseUrl = `${certificate ? 'https' : 'http'}://localhost:${port}`;
  const platform = options.platform ?? (await startPlatform({ extension: { apiKey, apiSecret, baseUrl } }));
  const extension = await startLocalExtension({
    apiKey,
    apiSecret,
    cluster: platform.origin,
    port: [await takePort({ port, name: 'port' }, certificate)],
    baseUrl,
    dataDir: options.dataDir,
    configFile: options.configFile ?? 'test/extension/extension.config.ts',
    onDynamoDbRequest: options.onDynamoDbRequest,
    onDynamoDbConsumed: options.onDynamoDbConsumed,
    log: options.log,
    showsErrors: options.showsErrors,
    reloadsPages: options.reloadsPages,
    readsSecretsLate: options.readsSecretsLate,
    inspectPort: options.inspectPort,
  });
  return {
    world: { baseUrl, platformUrl: platform.origin, apiKey },
    extension,
    platform,
    close: async () => {
      await extension.close();
      await platform.close();
    },
  };
}
