// Runs a command in a worker thread and reports how it ended; see started-program.test.ts.
import { parentPort, workerData } from 'node:worker_threads';
import { Processes, runCommand } from '../../../../src/system/process/index.ts';

const processes = new Processes(`thread-test-${process.pid}`);
const { end, output } = await runCommand(
  { argv: ['/bin/sh', '-c', 'echo from a thread; exit 7'], cwd: String(workerData), env: {} },
  { processes, timeoutMs: 10_000, signal: new AbortController().signal, onText: () => undefined, spill: null },
);
parentPort?.postMessage({ end, output });
processes.close();
