import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ConfigurationError } from '../../../shared/config.ts';
import { webhookKid, webhookSecret } from '../../../shared/fynd/webhook-secret.ts';
import { companyTenant } from '../../../shared/tenant.ts';
import { testExtension } from '../fixture/extension.ts';

const key = 'CANARY-webhook-key-0123456789abcdef';
const other = 'CANARY-another-key-0123456789abcdef';
const extension = testExtension();
const [one, eleven] = [companyTenant('1'), companyTenant('11')];

describe('a webhook secret', () => {
  test('is the HMAC-SHA256 of the company’s name under the webhook key, in hexadecimal', () => {
    const expected = createHmac('sha256', key).update('company#1').digest('hex');
    expect(webhookSecret(extension, key, one)).toBe(expected);
  });

  test('is another one for each company, key and kind of tenant', () => {
    const secrets = [
      webhookSecret(extension, key, one),
      webhookSecret(extension, key, eleven),
      webhookSecret(extension, other, one),
      webhookSecret(extension, key, { kind: 'organization', id: '1' }),
    ];
    expect(new Set(secrets).size).toBe(secrets.length);
  });

  test('is the API secret itself where the configuration says so', () => {
    const insisting = testExtension({ webhooks: { secret: 'api-secret' } });
    expect(webhookSecret(insisting, 'CANARY-api-secret', one)).toBe('CANARY-api-secret');
    expect(webhookSecret(insisting, 'CANARY-api-secret', eleven)).toBe('CANARY-api-secret');
  });

  test('is not made of a key that could be guessed from it', () => {
    expect(() => webhookSecret(extension, 'x'.repeat(31), one)).toThrow(ConfigurationError);
    expect(webhookSecret(extension, 'x'.repeat(32), one)).toHaveLength(64);
  });
});

test('the name of a webhook key is another one for each key, and tells nothing of it', () => {
  expect(webhookKid(key)).toBe(webhookKid(key));
  expect(webhookKid(key)).not.toBe(webhookKid(other));
  expect(webhookKid(key)).toMatch(/^[\w-]{12}$/);
});
