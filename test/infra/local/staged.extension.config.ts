import { defineExtension } from '../../../shared/config.ts';

/** Stages that would not work here: none of them counts on this machine. */
export default defineExtension({
  name: 'Test Lens',
  scopes: ['company/products'],
  stages: {
    prod: { account: '111111111111', cluster: 'https://api.elsewhere.example', edge: true, gradual: true },
  },
});
