import type { Loss } from './drill.ts';
import { installations } from './lose-installations.ts';
import { apiSecret, sessionKey, tokenKey, webhookKey } from './lose-keys.ts';
import { queue } from './lose-queue.ts';
import { cacheTable, deliveriesTable } from './lose-tables.ts';

/** Everything that the drill loses, in the order of docs/loss.md. */
export const losses: readonly Loss[] = [
  cacheTable,
  deliveriesTable,
  installations,
  queue,
  sessionKey,
  tokenKey,
  webhookKey,
  apiSecret,
];
