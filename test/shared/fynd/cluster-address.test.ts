import { describe, expect, test } from 'vitest';
import { buildAuthorizationUrl } from '../../../shared/fynd/authorization-request.ts';
import { platformPath } from '../../../shared/fynd/platform-path.ts';
import { platformRequest } from '../../../shared/fynd/platform-request.ts';
import { signV1 } from '../../../shared/fynd/signature.ts';
import { refreshTokenGrant } from '../../../shared/fynd/token-requests.ts';
import { deadlineIn } from '../../../shared/http/http-client.ts';
import { companyTenant } from '../../../shared/tenant.ts';
import { clientId, noon } from '../fixture/extension.ts';
import { fakeHttpClient } from '../fixture/http-client.ts';
import { refreshedToken } from '../fixture/offline-work.ts';

const tenant = companyTenant('1');

/** What goes to a cluster, of each kind that there is. */
async function requestsTo(cluster: string) {
  const httpClient = fakeHttpClient(() => ({ body: refreshedToken }));
  const credentials = { apiKey: clientId, apiSecret: 'CANARY-api-secret' };
  const deadline = deadlineIn(1_000);
  const scopes = ['company/products'];
  const asked = { httpClient, cluster, tenant, credentials, now: noon, deadline, scopes };
  await refreshTokenGrant({ ...asked, refreshToken: 'CANARY-refresh-token' });
  const call = { method: 'GET', path: platformPath(['catalog', 'v1.0', 'hsn']), rawQuery: 'a=b', headers: {} };
  const authorize = new URL(
    buildAuthorizationUrl({
      cluster,
      tenant,
      clientId,
      redirectUri: 'https://a.example',
      scopes,
      state: 's',
      now: noon,
    }),
  );
  return {
    requests: [...httpClient.requests, platformRequest(cluster, 'CANARY-token', { ...call, body: undefined }, noon)],
    authorize,
  };
}

describe('the address of a cluster', () => {
  test('with a region stands before every path, is said in a header, and is signed', async () => {
    const { requests, authorize } = await requestsTo('https://api.fynd.com/region/asia-south1');
    expect(requests.map(({ origin, target }) => origin + target)).toEqual([
      'https://api.fynd.com/region/asia-south1/service/panel/authentication/v1.0/company/1/oauth/token',
      'https://api.fynd.com/region/asia-south1/service/platform/catalog/v1.0/hsn?a=b',
    ]);
    for (const request of requests) {
      expect(request.headers).toMatchObject({ host: 'api.fynd.com', 'x-region': 'asia-south1' });
      const { 'x-fp-signature': signature, ...headers } = request.headers;
      expect(signature).toBe(signV1({ ...request, headers }, headers['x-fp-date'] ?? ''));
    }
    expect(authorize.origin + authorize.pathname).toBe(
      'https://api.fynd.com/region/asia-south1/service/panel/authentication/v1.0/company/1/oauth/authorize',
    );
  });

  test('without a region says nothing of one', async () => {
    const { requests, authorize } = await requestsTo('https://api.fynd.com');
    expect(requests.map(({ target }) => target.startsWith('/service/'))).toEqual([true, true]);
    expect(requests.flatMap(({ headers }) => Object.keys(headers))).not.toContain('x-region');
    expect(authorize.pathname).toMatch(/^\/service\//);
  });
});
