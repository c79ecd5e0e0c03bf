import { AppError } from '../../../shared/problems.ts';
import { apiKey } from '../secrets.ts';

/** This extension's OAuth client id. @throws {AppError} `invalid_request` where the caller names another one. */
export async function ownClientId(named: string | undefined): Promise<string> {
  const own = await apiKey();
  if (named !== undefined && named !== own) {
    throw new AppError('invalid_request', 'client_id is not that of this extension.');
  }
  return own;
}
