import { hook } from '../../functions/runtime/background.ts';

export const handler = hook(async ({ log, generation, confirmedBy }) => {
  log('uninstalled', { generation, confirmedBy });
});
