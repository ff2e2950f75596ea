import { defineConfig } from 'vitest/config';

// Tests import `#jidoka/…`, the built output: worker threads load no TypeScript on Node 20, and what is tested is
// then exactly what ships. `npm test` builds first.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    server: { deps: { external: [/\/dist\//] } },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 3,
  },
});
