// A vitest reporter whose last line is the count that continuous integration reads. Before it come the tests that failed at first
// and passed when they were repeated: each is a fault of keel's or of the test, and wants to be found.
export default class CountReporter {
  /** @type {Set<string>} */
  #running = new Set();

  onInit() {
    process.once('SIGTERM', () => {
      for (const file of this.#running) process.stderr.write(`still running: ${file}\n`);
      process.exit(1);
    });
  }

  /** @param {import('vitest/node').TestModule} module */
  onTestModuleStart(module) {
    this.#running.add(module.relativeModuleId);
  }

  /** @param {import('vitest/node').TestModule} module */
  onTestModuleEnd(module) {
    this.#running.delete(module.relativeModuleId);
  }

  /** @param {readonly import('vitest/node').TestModule[]} modules */
  onTestRunEnd(modules, unhandledErrors) {
    let passed = 0;
    let failed = unhandledErrors.length;
    const repeated = [];
    for (const module of modules) {
      failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed += 1;
        if (state === 'failed') failed += 1;
        if (test.diagnostic()?.flaky) repeated.push(`${module.relativeModuleId} > ${test.fullName}`);
      }
    }
    process.on('exit', () => {
      for (const name of repeated) process.stdout.write(`passed when repeated: ${name}\n`);
      process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
    });
  }
}
