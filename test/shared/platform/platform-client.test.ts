import { describe, expect, test } from 'vitest';
import type { PlatformCall } from '../../../shared/fynd/platform-request.ts';
import { createPlatformClient, type PlatformClient } from '../../../shared/platform/platform-client.ts';

/** Of no known route: any text. */
const path: string = 'catalog/v2.0/company/{company_id}/products/{item_id}/sizes/{size}';

const inheritedPath: string = 'catalog/v1.0/{constructor}';

async function targetOf(ask: (platform: PlatformClient) => Promise<unknown>): Promise<string> {
  const calls: PlatformCall[] = [];
  const platform = createPlatformClient('7', (call) => {
    calls.push(call);
    return Promise.resolve({ status: 200, headers: {}, body: Buffer.from('{}') });
  });
  await ask(platform);
  return calls[0]?.path.target ?? '';
}

describe('the placeholders of a path', () => {
  test('become the proven company, and what the parameters say, each one segment', async () => {
    const params = { item_id: 12, size: 'X L+%é' };
    expect(await targetOf((platform) => platform.get(path, { params }))).toBe(
      '/service/platform/catalog/v2.0/company/7/products/12/sizes/X%20L%2B%25%C3%A9',
    );
    const literal = { item_id: '{size}', size: '$&' };
    expect(await targetOf((platform) => platform.put(path, { params: literal, body: {} }))).toBe(
      '/service/platform/catalog/v2.0/company/7/products/%7Bsize%7D/sizes/%24%26',
    );
  });

  test('name no other company, whatever the parameters say', async () => {
    const params = { company_id: '2', item_id: 1, size: 'M' };
    expect(await targetOf((platform) => platform.get(path, { params }))).toContain('/company/7/');
  });

  test.each(['..', '.', '..;x', 'a/b', '../../company/2', 'a\\b', 'a?b=c', 'a\u0000', ''])(
    'are refused with %j, which would be another path',
    async (size) => {
      const asked = targetOf((platform) => platform.get(path, { params: { item_id: 1, size } }));
      await expect(asked).rejects.toMatchObject({ code: 'invalid_request' });
    },
  );

  test('are refused where a value is missing, also one that every object has', async () => {
    const missing = targetOf((platform) => platform.get(path, { params: { item_id: 1 } }));
    await expect(missing).rejects.toMatchObject({ message: 'The path to call has no value for {size}.' });
    const inherited = targetOf((platform) => platform.get(inheritedPath));
    await expect(inherited).rejects.toMatchObject({ code: 'invalid_request' });
  });

  test('are optional: a path may be any text', async () => {
    expect(await targetOf((platform) => platform.get('catalog/v2.0/company/7/x y/'))).toBe(
      '/service/platform/catalog/v2.0/company/7/x%20y/',
    );
  });
});
