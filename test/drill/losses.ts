import type { Loss } from './drill.ts';
import { installations } from './lose-installations.ts';

/** Everything that the drill loses, in the order of docs/loss.md. */
export const losses: readonly Loss[] = [installations];
