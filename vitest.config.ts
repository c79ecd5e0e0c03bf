import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The flow, the front door and synthesis start whole programs; a hung one must not look like a slow one for long.
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
