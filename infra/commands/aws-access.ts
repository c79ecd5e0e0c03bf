import { readFileSync } from 'node:fs';

/** What commands say of AWS before they begin, and of what it refuses. */
export const noCredentials =
  'No AWS credentials can be used: sign in (aws sso login, aws configure), or name a profile with AWS_PROFILE or --profile.';

const ofNetwork = /^(ECONN[A-Z]+|E[A-Z]+UNREACH|ENOTFOUND|EAI_[A-Z]+|ETIMEDOUT|EPIPE)$/;

/** A text of the context in cdk.json. */
export function contextOf(name: string): string | undefined {
  const { context } = JSON.parse(readFileSync('cdk.json', 'utf8')) as { context?: Record<string, unknown> };
  const value = context?.[name];
  return typeof value === 'string' ? value : undefined;
}

/** Has the credentials of this profile used, whatever others the environment holds. */
export function useProfile(profile: string): void {
  process.env['AWS_PROFILE'] = profile;
  // The SDK would say at length that there are two.
  for (const other of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']) delete process.env[other];
}

/** Only what is certain, as a sentence: with all else, a missing permission above all, the caller may get further. */
export function accessRefusal(error: Error & { readonly code?: string }, region: string): string | undefined {
  if (error.name === 'CredentialsProviderError') return noCredentials;
  if (
    /UnrecognizedClient|InvalidClientTokenId|InvalidSignature|SignatureDoesNotMatch|ExpiredToken|InvalidToken/.test(
      error.name,
    )
  ) {
    return `AWS does not accept the credentials (${error.name}): sign in again.`;
  }
  if (ofNetwork.test(error.code ?? '') || /valid hostname/.test(error.message)) {
    return `AWS cannot be reached in ${region}: there is no such region, or this machine is offline.`;
  }
  return undefined;
}

/** What an AWS service or the way to it refused, as a sentence; undefined where it was neither. */
export function sentenceOfAws(error: unknown, region = 'this region'): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const isOfNetwork = 'code' in error && ofNetwork.test(String(error.code));
  if (!isOfNetwork && !('$metadata' in error) && error.name !== 'CredentialsProviderError') return undefined;
  return (
    accessRefusal(error, region) ??
    `AWS says ${error.name}: ${(error.message.split('\n')[0] ?? '').replace(/\.?$/, '.')}`
  );
}
