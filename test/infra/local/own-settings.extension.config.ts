import { defineExtension } from '../../../shared/config.ts';

/** A route that may read a secret, one that may not, and one whose secret nobody has stored. */
export default defineExtension({
  name: 'Product Lens',
  scopes: ['company/products', 'company/orders'],
  api: {
    'GET /api/granted': './test/infra/local/fixture/reads-secret.ts',
    'GET /api/not-granted': './test/infra/local/fixture/reads-secret-ungranted.ts',
  },
  settings: { lowStock: 5, greeting: 'hello', isDry: false },
  secrets: {
    slackUrl: { for: ['./test/infra/local/fixture/reads-secret.ts'] },
    notStored: { for: ['./test/infra/local/fixture/reads-secret.ts'] },
  },
});
