import { defineConfig } from 'vitest/config';

// Starting whole programs takes seconds; a hung one must not look like a slow one for long.
const timeouts = { testTimeout: 60_000, hookTimeout: 120_000 };
// Whatever a test of the template starts without naming a configuration has the tests' own.
const env = { EXTENSION_CONFIG: 'test/extension/extension.config.ts' };

export default defineConfig({
  test: {
    passWithNoTests: true,
    projects: [
      {
        test: {
          ...timeouts,
          env,
          name: 'parts',
          include: ['test/**/*.test.ts'],
          exclude: ['test/flow/**', 'test/official/**'],
        },
      },
      {
        // The author's tests, beside what they test. They may have none.
        test: { ...timeouts, name: 'own', include: ['functions/app/**/*.test.ts', 'infra/own-*.test.ts'] },
      },
      {
        // Knows two addresses and nothing else, so that it runs against any deployment. FLOW_* names one.
        test: {
          ...timeouts,
          env,
          name: 'flow',
          include: ['test/flow/**/*.test.ts'],
          globalSetup: ['test/flow/start-worlds.ts'],
          // One simulated platform, whose settings are everybody's.
          fileParallelism: false,
        },
      },
    ],
  },
});
