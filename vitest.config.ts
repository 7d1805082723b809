import { defineConfig } from 'vitest/config'

/** Bootstraps and emulated machines: what of `*.e2e.test.ts` does without the engine, and so can run beside what uses it. */
const machines = ['packages/vm/src/**/*.e2e.test.ts', 'test/e2e/{boot,vm,vm-faults}.e2e.test.ts']

/**
 * unit: no network, no engine, some minutes. e2e: a real engine, registry and the twin; it fails when one is missing.
 * machines: bootstraps and emulated machines. long: minutes each; not part of `npm test` (CONTRIBUTING.md).
 * Tests stand beside their source; `*.e2e.test.ts` marks the second and third kind, `*.long.test.ts` the fourth.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: ['**/*.{e2e,long}.test.ts', '**/node_modules/**'],
          testTimeout: 30_000,
          // Its own imports leave out file names, which Node does not take.
          server: { deps: { inline: [/@actions\//] } },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['packages/*/src/**/*.e2e.test.ts', 'test/**/*.e2e.test.ts'],
          exclude: [...machines, '**/node_modules/**'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'machines',
          include: machines,
          testTimeout: 600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'long',
          include: ['packages/*/src/**/*.long.test.ts', 'test/**/*.long.test.ts'],
          testTimeout: 1_800_000,
          hookTimeout: 1_800_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
