import { hook } from '../../functions/runtime/background.ts';

export const handler = hook(async ({ generation, log }) => {
  log('uninstalled', { generation });
});
