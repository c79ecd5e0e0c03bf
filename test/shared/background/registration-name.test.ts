import { describe, expect, test } from 'vitest';
import { registrationOf } from '../../../shared/background/webhook-registration.ts';
import type { ExtensionInput } from '../../../shared/config.ts';
import { baseUrl, clientId, testExtension } from '../fixture/extension.ts';

const webhooks = { notificationEmail: 'owner@example.com' };
const restOnly = { 'company/product/update/v1': './functions/on-product.ts' };
const events: ExtensionInput['events'] = {
  ...restOnly,
  'company/location/create/v1': { provider: 'kafka', destination: 'locations' },
};

describe('the name of a registration', () => {
  const given = { extension: testExtension({ events, webhooks }), baseUrl, apiKey: clientId };

  test('is another for other events, settings, addresses, keys and installations, and the same for the same', () => {
    const none = { ...webhooks, salesChannels: 'none' } as const;
    const names = [
      registrationOf(given, 1),
      registrationOf(given, 2),
      registrationOf({ ...given, extension: testExtension({ events: restOnly, webhooks }) }, 1),
      registrationOf({ ...given, extension: testExtension({ events, webhooks: none }) }, 1),
      registrationOf({ ...given, baseUrl: 'https://other.example' }, 1),
      registrationOf({ ...given, apiKey: 'other' }, 1),
    ];
    expect(new Set(names).size).toBe(names.length);
    expect(registrationOf({ ...given, extension: testExtension({ events, webhooks }) }, 1)).toBe(names[0]);
  });

  test('is none where there are no events', () => {
    expect(registrationOf({ ...given, extension: testExtension() }, 1)).toBeUndefined();
  });
});
