// Runs a command in a thread of its own and reports how it ended; see started-program.test.ts.
import { parentPort, workerData } from 'node:worker_threads';
import { Processes, runCommand } from '../../../../src/system/process/index.ts';
import { NativeStarter } from '../../../../src/system/process/start/native-starter.ts';

const processes = new Processes(`thread-test-${process.pid}`);
const { end, output } = await runCommand(
  { argv: ['/bin/sh', '-c', 'echo from a thread; exit 7'], cwd: String(workerData), env: {} },
  { processes, timeoutMs: 10_000, signal: new AbortController().signal, onText: () => undefined, spill: null },
);
parentPort?.postMessage({ isNative: NativeStarter.shared() !== null, end, output });
processes.close();
