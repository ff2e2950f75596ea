import { defineConfig } from 'vitest/config';

// Tests import `#jidoka/…`, the built output: worker threads load no TypeScript on Node 20, and what is tested is
// then exactly what ships. `npm test` builds first.
const common = {
  server: { deps: { external: [/\/dist\//] } },
  testTimeout: 30_000,
  hookTimeout: 60_000,
  pool: 'forks' as const,
};

export default defineConfig({
  test: {
    maxWorkers: 3,
    projects: [
      {
        test: {
          ...common,
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          // They leave nothing behind, so a worker loads the libraries once for all the files it runs.
          isolate: false,
        },
      },
      {
        test: {
          ...common,
          name: 'integration',
          include: ['test/**/*.test.ts'],
          exclude: ['test/unit/**'],
          globalSetup: 'test/build-programs.ts',
        },
      },
    ],
  },
});
