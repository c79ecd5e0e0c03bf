import type { Extension } from '../config.ts';
import type { Installation } from '../store/installations.ts';
import type { QueuedMessage } from '../store/work-queue.ts';
import { companyOf } from '../tenant.ts';
import { toQueue } from './messages.ts';
import { registrationOf } from './webhook-registration.ts';

/** Names what the author's hooks are told of: an installation and the scopes that it was granted. */
export function announcementOf(generation: number, scopes: readonly string[]): string {
  return `g${generation} ${scopes.toSorted().join(' ')}`;
}

/**
 * The messages that bring hooks and webhooks in step with an installation; none where they are. Asked at every launch,
 * so that what was lost once, in a crash between the write and the queue, is made up for by the next person.
 */
export function pendingWork(
  given: { extension: Extension; baseUrl: string; apiKey: string },
  {
    tenant,
    generation,
    scopes,
    announced,
    registered,
  }: Pick<Installation, 'tenant' | 'generation' | 'scopes' | 'announced' | 'registered'>,
): QueuedMessage[] {
  const company = companyOf(tenant);
  const { hooks } = given.extension;
  const messages: QueuedMessage[] = [];
  const announcement = announcementOf(generation, scopes ?? []);
  const isNew = announced?.split(' ')[0] !== `g${generation}`;
  const hook = isNew ? 'installed' : 'scopesChanged';
  // An installation is noted for `scopesChanged` too: without it, no change could be told from the beginning.
  const isWanted = hooks[hook] !== undefined || hooks.scopesChanged !== undefined;
  if (announced !== announcement && isWanted) {
    const message = { kind: 'lifecycle', tenant, hook, generation, scopes: scopes ?? [] } as const;
    messages.push(toQueue(message, `${company} ${hook} ${announcement}`));
  }
  const registration = registrationOf(given, generation);
  if (registration !== undefined && registration !== registered) {
    messages.push(toQueue({ kind: 'register', tenant, generation }, `${company} ${registration}`));
  }
  return messages;
}
