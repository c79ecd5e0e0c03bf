import { hook } from '../../functions/runtime/background.ts';

/** Says what an installation came to. */
export const handler = hook(async ({ platform, scopes, generation, confirmedBy, log }) => {
  await platform?.put('company-profile/v1.0/company/1/note', { body: { generation } });
  log('installation', { scopes, confirmedBy });
});
