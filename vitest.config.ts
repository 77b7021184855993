import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const ALL = '{test,packages/fleet/test}/**/*.test.ts';
/** Their tests measure how long something takes: nothing else runs beside them. */
const TIMED = [
  'test/tools/approvals/{command-judge,grammar-cost,run-by}.test.ts',
  'test/e2e/{grammar-loading,signals}.test.ts',
  'test/system/process/{run-command,sessions}.test.ts',
  'test/tools/builtin/commands/sessions.test.ts',
];

/**
 * They change nothing of their process that others could see, and share the modules that one process has loaded: loading them for
 * each file took longer than many of the tests. Not among them is what looks at the children or descriptors of its own process.
 */
const SHARING =
  'test/{context,engine,foundation,models,properties,storage,surfaces,system/{git/{changes,names},network/{gate,proxy},process/output,sandbox/{planted,seccomp}},testing,tools}/**/*.test.ts';

/**
 * They mostly start programs. The larger a process is, the longer a fork of it takes (50 ms of processor time at 1.3 GB, for 7
 * at 50 MB), so that they share one that has not loaded all of the sources.
 */
const STARTING = 'test/{e2e,scripts,surfaces/cli}/**/*.test.ts';

/** For those that run keel in their process and have children besides. */
const TRACKED = 'test/support/track-children.ts';

const source = (path: string) => join(import.meta.dirname, 'src', path, 'index.ts');

export default defineConfig({
  // keel as the packages beside it import it: its source, not what was built last.
  resolve: {
    alias: {
      'keel/protocol': source('foundation/protocol'),
      'keel/session': source('engine/embedding'),
      'keel/testing': source('testing'),
    },
  },
  test: {
    reporters: ['default', './scripts/count-reporter.js'],
    // Tests start real processes and servers on a small machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Of thousands of tests with real processes one may meet a moment that no test foresaw. The run names it at its end.
    retry: 1,
    // What is waited for comes, but not always soon there.
    expect: { poll: { timeout: 30_000 } },
    pool: 'forks',
    projects: [
      // They mostly wait for processes of their own, so that two at once leave no core idle.
      {
        extends: true,
        test: {
          name: 'all',
          include: [ALL],
          exclude: [SHARING, STARTING, ...TIMED],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'sharing',
          include: [SHARING],
          exclude: [STARTING, ...TIMED],
          setupFiles: TRACKED,
          isolate: false,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'starting',
          include: [STARTING],
          exclude: TIMED,
          setupFiles: TRACKED,
          isolate: false,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: 'timed', include: TIMED, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
