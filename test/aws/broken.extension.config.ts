import { defineExtension } from '../../shared/config.ts';

/** Cannot be deployed. */
export default defineExtension({ name: 'Broken Lens', scopes: ['everything, please'] });
