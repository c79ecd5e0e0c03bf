import { SSMClient } from '@aws-sdk/client-ssm';
import { StartError } from '../local/host/start-error.ts';
import { contextOf, noCredentials } from './aws-access.ts';

/**
 * The region that a command works in: the given one, that of cdk.json, the environment's or the profile's. There are credentials.
 * @throws {StartError} with a sentence about what is missing. AWS itself has not been asked.
 */
export async function findAccess(given: string | undefined): Promise<string> {
  const named = given ?? contextOf('region') ?? (process.env['AWS_REGION'] || process.env['AWS_DEFAULT_REGION']);
  // Any client reads both as all do.
  const { config } = new SSMClient({ ...(named && { region: named }) });
  const region = await config.region().catch(() => undefined);
  if (!region) {
    throw new StartError(
      named
        ? `${named} is not a region of AWS.`
        : 'No region is named: set AWS_REGION, --region, or "region" in the context in cdk.json.',
    );
  }
  await config.credentials().catch((cause: unknown) => {
    throw new StartError(noCredentials, { cause });
  });
  return region;
}
