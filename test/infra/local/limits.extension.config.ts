import { defineExtension } from '../../../shared/config.ts';

/** Limits that one machine reaches. */
export default defineExtension({
  name: 'Test Lens',
  scopes: ['company/products'],
  limits: { perPerson: 3, perCompany: 1_000 },
});
