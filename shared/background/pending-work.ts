import type { Extension } from '../config.ts';
import type { Installation } from '../store/installations.ts';
import type { QueuedMessage } from '../store/work-queue.ts';
import { announcementOf, lifecycleMessage, registerMessage } from './messages.ts';
import { isRegistered, registeredNote, registrationOf } from './webhook-registration.ts';

/**
 * The messages that bring hooks and webhooks in step with an installation; none where they are. Asked at every launch,
 * so that what was lost once, in a crash between the write and the queue, is made up for by the next person. Whoever may
 * not read the webhook key names none: then a registration counts under whatever key it was made.
 */
export function pendingWork(
  deps: { extension: Extension; baseUrl: string; apiKey: string; webhookKid?: string },
  {
    tenant,
    generation,
    scopes,
    announced,
    registered,
  }: Pick<Installation, 'tenant' | 'generation' | 'scopes' | 'announced' | 'registered'>,
): QueuedMessage[] {
  // Hooks and webhooks are about companies.
  if (tenant.kind !== 'company') return [];
  const { hooks } = deps.extension;
  const messages: QueuedMessage[] = [];
  const announcement = announcementOf(generation, scopes ?? []);
  const isNew = announced?.split(' ')[0] !== `g${generation}`;
  const hook = isNew ? 'installed' : 'scopesChanged';
  // An installation is noted for `scopesChanged` too: without it, no change could be told from the beginning.
  const isWanted = hooks[hook] !== undefined || hooks.scopesChanged !== undefined;
  if (announced !== announcement && isWanted) {
    messages.push(lifecycleMessage({ tenant, hook, generation, scopes: scopes ?? [] }));
  }
  const registration = registrationOf(deps, generation);
  if (registration !== undefined && !isRegistered(registered, registration, deps.webhookKid)) {
    messages.push(registerMessage({ tenant, generation }, registeredNote(registration, deps.webhookKid ?? '')));
  }
  return messages;
}
