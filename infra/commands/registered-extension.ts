import type { Extension } from '../../shared/config.ts';
import { loadExtension } from '../load-extension.ts';
import { openEnvironmentFile } from '../local/host/environment-file.ts';
import { StartError } from '../local/host/start-error.ts';
import { findRunning } from '../local/running-extension.ts';
import { findDeployedStack, stackNameOf } from './deployed-stack.ts';
import type { Registration } from './extension-details.ts';
import { openStoredSecrets, secretIdsOf } from './stored-secrets.ts';

/** Which extension a command is about, as parseArgs understands it. */
export const whichExtension = {
  local: { type: 'boolean', default: false },
  stack: { type: 'string' },
  region: { type: 'string' },
  profile: { type: 'string' },
} as const;

export const whichUsage = `--local is about the extension that runs on this machine (npm start, npm run dev). Otherwise it is about the deployed one,
in AWS or wherever AWS_ENDPOINT_URL leads: --stack NAME, --region REGION, --profile PROFILE.`;

/** An extension that serves, and what it is registered with. */
export interface RegisteredExtension extends Registration {
  /** The stack, or the address on this machine. */
  readonly name: string;
  readonly extension: Extension;
  /** Origin as browsers see it. */
  readonly baseUrl: string;
}

/** @throws {StartError} where there is none, or nobody has stored its key and secret. */
export async function findRegisteredExtension(which: {
  readonly local: boolean;
  readonly stack?: string | undefined;
  readonly region?: string | undefined;
  readonly profile?: string | undefined;
}): Promise<RegisteredExtension> {
  if (which.local) {
    openEnvironmentFile();
    const { extension: running } = await findRunning(process.env['LOCAL_DATA_DIR'] || undefined, '.local');
    const extension = await loadExtension({ ...process.env, FP_API_DOMAIN: running.cluster });
    return { ...running, name: running.baseUrl, extension, cluster: extension.cluster };
  }
  const extension = await loadExtension();
  if (which.profile) process.env['AWS_PROFILE'] = which.profile;
  const wanted = which.stack ?? stackNameOf(extension);
  const stack = await findDeployedStack(wanted, which.region);
  const ids = secretIdsOf(stack, ['apiKey', 'apiSecret']);
  const baseUrl = stack.outputs.get('ExtensionUrl');
  if (baseUrl === undefined) throw new StartError(`The stack ${stack.name} tells no ExtensionUrl: run npm run deploy.`);
  using stored = openStoredSecrets(stack.region, ids);
  const [apiKey, apiSecret] = [await stored.current('apiKey'), await stored.current('apiSecret')];
  if (apiKey === undefined || apiSecret === undefined) {
    throw new StartError(`Nobody has stored the API key and the API secret of ${stack.name}: run npm run configure.`);
  }
  return {
    name: `${stack.name} in ${stack.region}`,
    extension,
    cluster: extension.cluster,
    baseUrl,
    apiKey,
    apiSecret,
  };
}
