import { createHash, createHmac } from 'node:crypto';
import { ConfigurationError, type Extension } from '../config.ts';
import { type Tenant, tenantKey } from '../tenant.ts';

/** Whether a value is long enough to make tenants' secrets of. */
export function isWebhookKey(key: string): boolean {
  return key.length >= 32;
}

/**
 * What the platform signs a tenant's deliveries with: derived from the webhook key and never stored, so that a secret that
 * the platform shows to somebody signs for that tenant alone. The key itself where the configuration wants the API secret.
 * @throws {ConfigurationError} where a webhook key has fewer than 32 characters: a tenant's secret would let it be guessed.
 */
export function webhookSecret({ webhooks }: Pick<Extension, 'webhooks'>, key: string, tenant: Tenant): string {
  if (webhooks.secret === 'api-secret') return key;
  if (!isWebhookKey(key)) {
    throw new ConfigurationError(
      'The webhook key has fewer than 32 characters: put a random value of 32 or more into it.',
    );
  }
  return createHmac('sha256', key).update(tenantKey(tenant)).digest('hex');
}

/** Names a key in rows without telling it: another key has another name. */
export function webhookKid(key: string): string {
  return createHash('sha256').update(`webhook key ${key}`).digest('base64url').slice(0, 12);
}
