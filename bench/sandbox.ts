// `npm run bench:sandbox`: what holding a command costs, beside starting it as it is, in one run on one machine.
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Processes, runCommand } from '../src/system/process/index.ts';
import { type ExecPlan, SandboxManager } from '../src/system/sandbox/index.ts';
import { directPlan } from '../src/system/sandbox/plan/plan.ts';
import { median } from './measure.ts';

const ROUNDS = 60;
const PLANS = 500;
const policy = {
  mode: 'workspace-write',
  network_access: false,
  exclude_slash_tmp: true,
  exclude_tmpdir_env_var: true,
} as const;
const commands = {
  true: ['true'],
  'a script of ten processes': ['bash', '-c', 'for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.005; done'],
} as const;
const { signal } = new AbortController();

const dir = realpathSync(mkdtempSync(join(tmpdir(), 'keel-bench-')));
const workspace = join(dir, 'work');
mkdirSync(join(workspace, '.git'), { recursive: true });
const processes = new Processes('bench');

const noHosts = { allowed: [], denied: [], mode: 'full', allowLocalBinding: false } as const;
const ways = [
  { name: 'bwrap', backends: ['bwrap'], network: null },
  { name: 'bwrap, listed hosts', backends: ['bwrap'], network: noHosts },
  { name: 'landlock', backends: ['landlock'], network: null },
] as const;
const managers = ways.map(({ name, backends, network }) => ({
  backend: name,
  manager: new SandboxManager({
    ...{ home: join(dir, 'home'), env: {}, hidden: [], processes, bwrapPath: null, backends, network },
    ...{ allowGitCommit: false, allowUnixSockets: false, maxProcesses: null, maxFileBytes: null },
  }),
}));
try {
  for (const [name, argv] of Object.entries(commands)) await compare(name, argv);
  for (const { backend, manager } of managers) timePlans(backend, manager);
} finally {
  for (const { manager } of managers) manager.close();
  processes.close();
  rmSync(dir, { recursive: true, force: true });
}

async function compare(name: string, argv: readonly string[]): Promise<void> {
  const spec = { argv, cwd: workspace, env: { PATH: process.env['PATH'] ?? '' } };
  const plans = new Map<string, ExecPlan>([['direct', directPlan(spec)]]);
  for (const { backend, manager } of managers) {
    await manager.ready(signal);
    const planned = manager.plan({ spec, policy, cwd: workspace });
    if (planned.type === 'ready') plans.set(backend, planned.plan);
  }
  const samples = new Map([...plans.keys()].map((key): [string, number[]] => [key, []]));
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [key, plan] of plans) {
      const outcome = await runCommand(plan.spawn, {
        processes,
        timeoutMs: 10_000,
        signal,
        onText: () => undefined,
        spill: null,
      });
      if (round > 0) samples.get(key)?.push(outcome.durationMs);
    }
  }
  const direct = median(samples.get('direct') ?? []);
  const figures = [...samples].map(
    ([key, times]) => `${key} ${median(times).toFixed(1)} ms (${(median(times) / direct).toFixed(2)}x)`,
  );
  process.stdout.write(`${name}: ${figures.join(', ')}\n`);
}

function timePlans(backend: string, manager: SandboxManager): void {
  const spec = { argv: ['true'], cwd: workspace, env: {} };
  const startedAt = performance.now();
  for (let n = 0; n < PLANS; n += 1) manager.plan({ spec, policy, cwd: workspace });
  process.stdout.write(`a plan for ${backend}: ${((performance.now() - startedAt) / PLANS).toFixed(3)} ms\n`);
}
