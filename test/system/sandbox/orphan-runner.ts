// A process of keel's own for orphans.test.ts: runs a script for each line that comes in, and ends everything when input ends.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type OrphanCare,
  Processes,
  runCommand,
  startOutliving,
  startProgram,
} from '../../../src/system/process/index.ts';
import { outlivesMark } from '../../../src/system/process/start/own-children.ts';
import { type ExecPlan, SandboxManager } from '../../../src/system/sandbox/index.ts';
import { planHeld } from './held.ts';
import { workspaceWrite } from './support.ts';

export interface RunnerSetup {
  readonly workspace: string;
  readonly home: string;
  readonly isConfined: boolean;
  readonly orphans: OrphanCare;
}

export interface RunnerRequest {
  readonly script: string;
  /** `host`: as a program that has nothing to do with keel's commands. */
  readonly by: 'command' | 'outliving' | 'host';
  /** The command gets the mark of programs that outlive keel. */
  readonly isMarked?: boolean;
}

const setup: RunnerSetup = JSON.parse(process.argv[2] ?? '{}');
const { workspace, orphans } = setup;
const processes = new Processes(`orphans-${process.pid}`, { orphans: () => orphans });
const manager = new SandboxManager({ ...planHeld(setup), processes });
const signal = new AbortController().signal;
if (setup.isConfined) await manager.ready(signal);
process.stdout.write(`${process.pid}\n`);

const ENV = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: setup.home };

for await (const line of createInterface({ input: process.stdin })) {
  const request: RunnerRequest = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(await run(request))}\n`);
}
manager.close();
await processes.endAll();
processes.close();

async function run({ script, by, isMarked }: RunnerRequest): Promise<unknown> {
  const [name, value] = isMarked ? (outlivesMark()?.replace('\0', '').split('=') ?? []) : [];
  const env = { ...ENV, ...(name === undefined ? {} : { [name]: value ?? '' }) };
  const spec = { argv: ['bash', '-c', script], cwd: workspace, env };
  if (by === 'command') {
    const options = { processes, timeoutMs: 30_000, signal, onText: () => undefined, spill: null };
    return (await runCommand(setup.isConfined ? planned(spec).spawn : spec, options)).end;
  }
  const start = by === 'outliving' ? startOutliving : startProgram;
  start('bash', ['-c', script], { cwd: workspace, env, stdio: 'ignore' }).unref();
  while (!existsSync(join(workspace, 'pid'))) await delay(10);
  return { type: 'started' };
}

function planned(spec: Parameters<SandboxManager['plan']>[0]['spec']): ExecPlan {
  const plan = manager.plan({ spec, policy: workspaceWrite, cwd: workspace });
  if (plan.type === 'unavailable') throw new Error(plan.reason);
  if (plan.plan.spawn.confinement === undefined) throw new Error('it would not be confined');
  return plan.plan;
}
