import { defineConfig } from 'vitest/config';

export default defineConfig({
  // The libraries log what they send, tokens included.
  test: { name: 'official', include: ['test/official/**/*.test.ts'], testTimeout: 30_000, silent: 'passed-only' },
});
