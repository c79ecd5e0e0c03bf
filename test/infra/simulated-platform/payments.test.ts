import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { listener } from './listener.ts';
import { offlineToken } from './registering.ts';
import { bearer, call, control, extension, type Json } from './simulated.ts';

const checksumOf = (text: string) => createHmac('sha256', extension.apiSecret).update(text).digest('hex');
const service = '/service/platform/payment/v1.0/company/1/application/65a000000000000000010001/payment';
const session = { gid: 'TR1', status: 'complete', currency: 'INR', total_amount: 10.5 };

describe('the payment service calls the extension', () => {
  test('with the checksum of the body’s bytes, or of the gid where there is no body', async () => {
    const body = '{"company_id":1, "amount": 10.0}';
    const made = await control('POST', '/companies/1/payment-call', { path: '/pay/1?a=b', body });
    expect(made).toMatchObject({ status: 200, body: '{"success":true}' });
    await control('POST', '/companies/1/payment-call', { path: '/status/TR1', method: 'GET', gid: 'TR1' });
    expect(listener.heard).toMatchObject([
      { url: '/pay/1?a=b', body, headers: { checksum: checksumOf(body) } },
      { url: '/status/TR1', body: '', headers: { checksum: checksumOf('TR1') } },
    ]);
  });

  test('or as a forger would', async () => {
    for (const checksum of ['wrong', 'none'])
      await control('POST', '/companies/1/payment-call', { path: '/pay', body: {}, checksum });
    const [wrong, none] = listener.heard;
    expect(wrong?.headers['checksum']).not.toBe(checksumOf('{}'));
    expect(none?.headers).not.toHaveProperty('checksum');
  });
});

describe('the extension tells the payment service', () => {
  const put = async (path: string, body: Json, headers: Record<string, string> = {}) => {
    const json = { ...bearer(await offlineToken()), 'content-type': 'application/json', ...headers };
    return call('PUT', service + path, json, JSON.stringify(body));
  };

  test('what became of a payment and of a refund, with the checksum in the header or in the body', async () => {
    const header = { checksum: checksumOf(JSON.stringify(session)) };
    expect(await (await put('/session/TR1', session, header)).json()).toMatchObject({ gid: 'TR1', status: 'complete' });
    const inBody = { ...session, checksum: checksumOf(JSON.stringify(session)) };
    expect(await (await put('/TR1/refund/session/R1', inBody)).json()).toMatchObject({ total_refund_amount: 10.5 });
    expect(await control('GET', '/companies/1/payments')).toMatchObject([
      { gid: 'TR1', refund_request_id: null, body: { total_amount: 10.5 } },
      { gid: 'TR1', refund_request_id: 'R1' },
    ]);
  });

  test.each([
    ['no checksum', session, {}, 'checksum'],
    ['a wrong one', session, { checksum: 'a'.repeat(64) }, 'checksum'],
    ['no amount', { ...session, total_amount: 'x' }, {}, 'total_amount'],
    [
      'another payment',
      { ...session, gid: 'TR2' },
      { checksum: checksumOf(JSON.stringify({ ...session, gid: 'TR2' })) },
      'gid',
    ],
  ])('%s is refused and kept nowhere', async (_, body, headers, field) => {
    const refused = await put('/session/TR1', body, headers);
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining(field)]);
    expect(await control('GET', '/companies/1/payments')).toEqual([]);
  });
});
