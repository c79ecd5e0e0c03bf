import { deliveriesTable, userCacheTable } from '../../../shared/contract.ts';
import { decompressBody, type StoredBody } from '../../../shared/platform/stored-body.ts';
import type { HeldData, HeldInstallation, HeldItem } from '../../../shared/store/held-data.ts';
import type { Tenant } from '../../../shared/tenant.ts';
import type { OpenData } from '../open-data.ts';
import { readable, readDeadLetters } from './dead-letters.ts';

/** Seconds or milliseconds of the epoch, by their names, as ISO 8601. */
const seconds = new Set(['updatedAt', 'uninstalledAt', 'accessTokenExpiresAt', 'refreshFrom', 'retryFrom']);

/** A row as people read it: whether there is a token, not which, and times as dates. */
export function describeInstallation({ hasToken, attributes }: HeldInstallation): Record<string, unknown> {
  const described = Object.entries(attributes).map(([name, value]) => {
    const epochMs = name.endsWith('Ms') ? value : seconds.has(name) ? Number(value) * 1000 : undefined;
    return [name, typeof epochMs === 'number' && epochMs > 0 ? new Date(epochMs).toISOString() : value];
  });
  return { ...Object.fromEntries(described), hasToken };
}

/** Everything that is held of a tenant, or of one of its people, readable and without a secret. */
export async function exportData(
  held: HeldData,
  data: OpenData,
  { tenant, userId, now }: { readonly tenant: Tenant; readonly userId: string | undefined; readonly now: Date },
): Promise<object> {
  const installation = await held.installation(tenant);
  const generation = Number(installation?.attributes['generation'] ?? 0);
  const items = userId === undefined ? held.cached(tenant, false) : held.cachedOf(tenant, userId, generation);
  const cached: object[] = [];
  for await (const item of items) cached.push(describeCached(item));
  const owner = { [tenant.kind]: tenant.id, exportedAt: now.toISOString() };
  if (userId !== undefined) return { ...owner, user: userId, cached, elsewhere: aboutPeople };
  const deliveries: object[] = [];
  for await (const { pk, [deliveriesTable.ttlAttribute]: expiresAt } of held.deliveries(tenant)) {
    deliveries.push({ event: String(pk).split('#').at(-1), deletedAt: date(expiresAt) });
  }
  return {
    ...owner,
    installation: installation && describeInstallation(installation),
    cached,
    deliveries,
    deadLetters: await readDeadLetters(data, tenant),
    elsewhere: aboutTenants,
  };
}

/** What is not in an export, and where it is. */
const always = [
  'Tables of your own are yours to export.',
  'Logs hold the company’s id for one month, access logs addresses (IP) and paths for three months: CloudWatch exports them.',
];
const aboutPeople = [
  'A person’s name, e-mail address and token are in their own browser, in a cookie that this extension cannot read without them.',
  'Events that name a person are in the export of the company, as dead letters.',
  ...always,
];
const aboutTenants = [
  'The offline token is held, sealed: a secret, so that it is not exported.',
  'Messages that wait for the worker are not read, because that would hold them up: they leave within four days.',
  'Of more than ten dead letters of one order, the first ten are exported.',
  ...always,
];

function describeCached(item: HeldItem): object {
  const { pk, sk, epoch: _epoch, sessionsValidFromMs, policy, httpStatus, body, coding } = item;
  const [, person, generation] = /#user#(.*)#g(\d+)$/.exec(String(pk)) ?? [];
  const owner = { person, generation: Number(generation), deletedAt: date(item[userCacheTable.ttlAttribute]) };
  if (!(body instanceof Uint8Array)) {
    const signedOutAtMs = typeof sessionsValidFromMs === 'number' ? sessionsValidFromMs : undefined;
    return { ...owner, ...(signedOutAtMs !== undefined && { signedOutAt: new Date(signedOutAtMs).toISOString() }) };
  }
  const stored: StoredBody = { body, coding: coding === 'br' ? 'br' : 'identity' };
  return {
    ...owner,
    request: sk,
    status: httpStatus,
    policy: readable(Buffer.from(String(policy))),
    body: readable(decompressBody(stored)),
  };
}

function date(epochSeconds: unknown): string | undefined {
  return typeof epochSeconds === 'number' ? new Date(epochSeconds * 1000).toISOString() : undefined;
}
