import { hook } from '../../functions/runtime/background.ts';
import { workVisibly } from './work-visibly.ts';

export const handler = hook(async ({ company, platform, generation }) => {
  if (platform !== undefined) await workVisibly({ company, platform }, `installed-${generation}`, 5);
});
