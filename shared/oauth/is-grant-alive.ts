import { AppError } from '../errors.ts';
import type { Deadline, Exchange } from '../fynd/exchange.ts';
import type { TokenGrant } from '../fynd/oauth-endpoints.ts';
import { platformPath } from '../fynd/platform-path.ts';
import { signatureDate, signV1 } from '../fynd/signature.ts';

/**
 * Asks the platform whether a company's grant works: anything but a 401 says so, since a 403 or a 404 is about the
 * resource. A platform that cannot be asked counts as «no»: nothing is overwritten on a guess.
 */
export async function isGrantAlive(
  cluster: string,
  companyId: string,
  grant: Pick<TokenGrant, 'accessToken'>,
  exchange: Exchange,
  now: Date,
  deadline: Deadline,
): Promise<boolean> {
  const { target } = platformPath(['company-profile', 'v1.0', 'company', companyId]);
  const headers = {
    host: new URL(cluster).host,
    accept: 'application/json',
    authorization: `Bearer ${grant.accessToken}`,
    'x-fp-date': signatureDate(now),
  };
  const signature = signV1({ method: 'GET', target, headers }, headers['x-fp-date']);
  try {
    const answer = await exchange(
      { origin: cluster, method: 'GET', target, headers: { ...headers, 'x-fp-signature': signature } },
      deadline,
    );
    return answer.status !== 401 && answer.status < 500;
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}
