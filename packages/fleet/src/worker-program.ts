import { runWorker } from './worker/program.ts';

try {
  await runWorker({ ...process.env }, (line) => process.stdout.write(`${new Date().toISOString()} ${line}\n`));
  process.exit(0);
} catch (error) {
  process.stderr.write(`keel-fleet worker: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
