import extension from './extension.config.ts';

/** The same with a table of its own, and hooks. */
export default {
  ...extension,
  api: { ...extension.api, 'ANY /api/notes/{note_id}': './test/extension/notes.ts' },
  settings: { lowStock: 5 },
  secrets: { slackUrl: { for: ['./test/extension/notes.ts'] } },
  resources: './test/extension/own-resources.ts',
  hooks: { installed: './test/extension/on-installation.ts', launched: './test/extension/launched.ts' },
};
