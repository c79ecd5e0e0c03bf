import { defineExtension } from '../../shared/config.ts';

/** The other access mode, with routes and cache rules that the flow tests look at. */
export default defineExtension({
  name: 'Online Lens',
  scopes: ['company/products', 'company/orders'],
  accessMode: 'online',
  proxy: { also: ['GET company-profile/**'], only: ['GET catalog/**', 'GET order/**'] },
  cache: { defaultTtlSeconds: 300, rules: [{ route: 'GET order/**', ttlSeconds: 0 }] },
});
