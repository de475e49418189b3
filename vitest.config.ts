import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** For what hangs, not for what is slow: servers, clones of databases and processes take their time on a busy machine. */
const patience = { testTimeout: 120_000, hookTimeout: 300_000 }

export default defineConfig({
  define: { BUILD_VERSION: '"0.0.0-test"', BUILD_COMMIT: '""', BUILD_SCHEMA: '0' },
  test: {
    ...patience,
    // Much of a test is waiting for servers: on two cores one file at a time leaves one of them idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      {
        extends: true,
        // Needs no server and no build.
        test: { name: 'unit', include: ['test/unit/**/*.test.ts', 'test/structure.test.ts'] },
      },
      {
        extends: true,
        // What depends on the version of PostgreSQL: MEANDERCTL_TEST_POSTGRES says which one.
        test: {
          name: 'postgres',
          include: ['test/{integration,sql}/**/*.test.ts'],
          globalSetup: ['test/support/global-setup.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'system',
          include: ['test/{e2e,faults,hostile,support}/**/*.test.ts'],
          globalSetup: ['test/support/build.ts', 'test/support/global-setup.ts'],
        },
      },
    ],
  },
})
