// A keel of its own for tests that need another user: runs scripts below Landlock, one for each line that comes in.
import { createInterface } from 'node:readline';
import { Processes, runCommand } from '../../../src/system/process/index.ts';
import { SandboxManager } from '../../../src/system/sandbox/index.ts';
import { type HeldPlace, type HeldRequest, planHeld } from './held.ts';

const place: HeldPlace = JSON.parse(process.argv[2] ?? '{}');
const processes = new Processes(`held-${process.pid}`);
const manager = new SandboxManager({ ...planHeld(place), processes });
const signal = new AbortController().signal;
await manager.ready(signal);
process.stdout.write(`${process.pid}\n`);

for await (const line of createInterface({ input: process.stdin })) {
  const { argv, env, cwd, policy, timeoutMs }: HeldRequest = JSON.parse(line);
  const planned = manager.plan({ spec: { argv, cwd, env }, policy, cwd: place.workspace });
  if (planned.type === 'unavailable') throw new Error(planned.reason);
  const { plan } = planned;
  const options = { processes, timeoutMs, signal, onText: () => undefined, spill: null };
  const { output, end } = await runCommand(plan.spawn, options);
  process.stdout.write(`${JSON.stringify({ output, end, backend: plan.backend, notes: plan.notes })}\n`);
}
manager.close();
processes.close();
