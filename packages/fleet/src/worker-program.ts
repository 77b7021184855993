import { enableCompileCache } from 'node:module';

// A worker that takes another's place starts in the middle of its turns.
enableCompileCache();
const { runWorker } = await import('./worker/program.ts');

try {
  await runWorker({ ...process.env }, (line) => process.stdout.write(`${new Date().toISOString()} ${line}\n`));
  process.exit(0);
} catch (error) {
  process.stderr.write(`keel-fleet worker: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
