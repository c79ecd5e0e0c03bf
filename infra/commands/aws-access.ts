import { readFileSync } from 'node:fs';

/** What commands say of AWS before they begin, and of what it refuses. */
export const noCredentials =
  'No AWS credentials can be used: sign in (aws sso login, aws configure), or name a profile with AWS_PROFILE or --profile.';

/** A text of the context in cdk.json. */
export function contextOf(name: string): string | undefined {
  const { context } = JSON.parse(readFileSync('cdk.json', 'utf8')) as { context?: Record<string, unknown> };
  const value = context?.[name];
  return typeof value === 'string' ? value : undefined;
}

/** Only what is certain, as a sentence: with all else, a missing permission above all, the caller may get further. */
export function accessRefusal(error: Error & { readonly code?: string }, region: string): string | undefined {
  if (error.name === 'CredentialsProviderError') return noCredentials;
  if (/UnrecognizedClient|InvalidClientTokenId|InvalidSignature|ExpiredToken|InvalidToken/.test(error.name)) {
    return `AWS does not accept the credentials (${error.name}): sign in again.`;
  }
  if (/^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT)$/.test(error.code ?? '') || /valid hostname/.test(error.message)) {
    return `AWS cannot be reached in ${region}: there is no such region, or this machine is offline.`;
  }
  return undefined;
}
