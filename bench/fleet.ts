// `npm run bench:fleet`: keel's turns over a fleet of two workers beside the same turns without an engine, in one run on one machine.
// The same worker program runs both: without the engine, its turns are given to it directly. --turns, --steps and --at-once.
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { functionCall, message, type RecordedRequest, respond, startModelServer, usage } from 'keel/testing';
import { FleetClient } from '../packages/fleet/src/client/index.ts';
import { promptOp } from '../packages/fleet/src/protocol.ts';
import { LocalFleet } from '../packages/fleet/src/up/local-fleet.ts';
import { restateBinary } from '../packages/fleet/src/up/restate-binary.ts';

const { values } = parseArgs({
  options: {
    turns: { type: 'string', default: '40' },
    steps: { type: 'string', default: '20' },
    'at-once': { type: 'string', default: '16' },
    rounds: { type: 'string', default: '3' },
  },
});
const [turns, steps, atOnce, rounds] = [values.turns, values.steps, values['at-once'], values.rounds].map(Number);
const binary = restateBinary(process.env);
if (binary === null) throw new Error('there is no server of the engine for this platform');
if (!turns || !steps || !atOnce || !rounds) throw new Error('--turns, --steps, --at-once and --rounds are numbers');

const OUTPUT = 'x'.repeat(2_000);
/** Of the figures in /proc on Linux. */
const [TICK_MS, PAGE_MB] = [10, 4096 / 1024 ** 2];
const dir = mkdtempSync(join(tmpdir(), 'keel-fleet-bench-'));
const model = await startModelServer((request: RecordedRequest) => {
  const step = request.input.filter((item) => item['type'] === 'function_call_output').length;
  const counted = usage({ input: 1_000, output: 20 });
  if (step === steps) return respond(message('done'), counted);
  return respond(functionCall('exec_command', { cmd: `echo ${OUTPUT}` }, `c${step}`), counted);
});
const program = join(import.meta.dirname, '../packages/fleet/dist/worker-program.js');
const env = { PATH: process.env['PATH'], HOME: dir, OPENAI_BASE_URL: model.url, OPENAI_API_KEY: 'bench' };
const options = { dir, binary, workers: 2, parkAfterMs: 60_000, port: 0, env, workerProgram: program };
const fleet = await LocalFleet.start(
  { ...options, log: (line) => process.stderr.write(`${line}\n`) },
  AbortSignal.timeout(120_000),
);
const alone = [1, 2].map(() =>
  fork(join(import.meta.dirname, 'fleet-alone.ts'), { env: { ...env }, stdio: 'inherit' }),
);
for (const child of alone) child.setMaxListeners(0);
const client = new FleetClient({ url: fleet.ingressUrl });

function newThread() {
  const threadId = randomUUID();
  const place = { home: join(dir, 'threads', threadId, 'home'), cwd: join(dir, 'threads', threadId, 'work') };
  for (const path of [place.home, place.cwd]) mkdirSync(path, { recursive: true });
  writeFileSync(join(place.home, 'config.toml'), 'sandbox_mode = "danger-full-access"\napproval_policy = "never"\n');
  return { threadId, place };
}

const op = promptOp('go');

async function overFleet(): Promise<void> {
  const { threadId, place } = newThread();
  const { turnId } = await client.submit(threadId, { op, place });
  await client.settled(threadId, turnId, AbortSignal.timeout(600_000));
}

let next = 0;
async function withoutEngine(): Promise<void> {
  const { threadId, place } = newThread();
  const job = { threadId, turnId: 'f1', stage: 0, op, place, settings: { overrides: [] }, inputs: [] };
  const child = alone[next++ % alone.length];
  if (child === undefined) throw new Error('there are two');
  const done = new Promise<void>((resolve) => {
    const onMessage = (id: unknown) => {
      if (id !== threadId) return;
      child.off('message', onMessage);
      resolve();
    };
    child.on('message', onMessage);
  });
  child.send(job);
  await done;
}

interface Cost {
  readonly ms: number;
  /** CPU time that the parts took, ms; null where the system does not say. */
  readonly cpu: Readonly<Record<string, number>> | null;
}

async function costOf(run: () => Promise<void>, count: number): Promise<Cost> {
  let left = count;
  const before = cpuNow();
  const startedAt = performance.now();
  const one = async () => {
    while (left-- > 0) await run();
  };
  await Promise.all(Array.from({ length: atOnce ?? 1 }, one));
  const ms = performance.now() - startedAt;
  const after = cpuNow();
  const parts = Object.entries(after).map(([name, time]) => [name, time - (before[name] ?? 0)] as const);
  return { ms, cpu: parts.length === 0 ? null : Object.fromEntries(parts) };
}

/** What the parts have used so far, with the commands that they have run, ms. */
function cpuNow(): Record<string, number> {
  if (process.platform !== 'linux') return {};
  const pids = { engine: [fleet.engine?.child.pid], workers: fleet.workers.map(({ child }) => child.pid) };
  const parts = { ...pids, alone: alone.map(({ pid }) => pid), driver: [process.pid] };
  return Object.fromEntries(
    Object.entries(parts).map(([name, all]) => [
      name,
      all.reduce<number>((sum, pid) => sum + ticksOf(pid), 0) * TICK_MS,
    ]),
  );
}

/** utime, stime, cutime and cstime of proc(5). */
function ticksOf(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0);
}

function megabytesOf(pids: readonly (number | undefined)[]): number {
  if (process.platform !== 'linux') return Number.NaN;
  const pages = pids.map((pid) => Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]));
  return pages.reduce((sum, count) => sum + count, 0) * PAGE_MB;
}

function memory() {
  return {
    workers: megabytesOf(fleet.workers.map(({ child }) => child.pid)),
    engine: megabytesOf([fleet.engine?.child.pid]),
  };
}

/** What the engine keeps of each turn for a day, whatever of it: commands, results and notices of its stages. */
async function journalBytes(): Promise<number> {
  const [row] = await fleet.admin.query(
    "select count(distinct i.id) as turns, sum(j.raw_length) as bytes from sys_invocation i join sys_journal j on i.id = j.id where i.target_service_name = 'turn'",
  );
  return Number(row?.['bytes']) / Number(row?.['turns']);
}

function least(costs: readonly Cost[]): Cost {
  return costs.toSorted((one, other) => one.ms - other.ms)[0] ?? { ms: Number.NaN, cpu: null };
}

function row(name: string, figure: string, goal: string, isMet: boolean | null): string {
  return `${name.padEnd(34)}${figure.padEnd(34)}${goal.padEnd(14)}${isMet === null ? '' : isMet ? 'met' : 'MISSED'}`.trimEnd();
}

try {
  for (const run of [overFleet, withoutEngine]) await costOf(run, atOnce);
  const start = memory();
  const costs = { fleet: [] as Cost[], alone: [] as Cost[] };
  for (let round = 0; round < rounds; round += 1) {
    costs.alone.push(await costOf(withoutEngine, turns));
    costs.fleet.push(await costOf(overFleet, turns));
  }
  const end = memory();
  const best = { fleet: least(costs.fleet), alone: least(costs.alone) };
  const share = (100 * best.alone.ms) / best.fleet.ms;
  const stepMs = (best.fleet.ms - best.alone.ms) / (turns * steps);
  const journal = await journalBytes();
  const perTurn = (ms: number | undefined) => `${((ms ?? Number.NaN) / turns).toFixed(1)} ms`;
  const { fleet: over, alone: without } = { fleet: best.fleet.cpu, alone: best.alone.cpu };
  const grown = ((end.workers - start.workers) * 1024) / (turns * rounds);
  const lines = [
    `${turns} turns x ${steps} steps, ${atOnce} at once, 2 workers, best of ${rounds}`,
    row('', 'measured', 'goal', null),
    row('without an engine', `${((1000 * turns) / best.alone.ms).toFixed(2)} turns/s`, '', null),
    row(
      'over the fleet',
      `${((1000 * turns) / best.fleet.ms).toFixed(2)} turns/s, ${share.toFixed(0)} %`,
      '>= 85 %',
      share >= 85,
    ),
    row('a step, above no engine', `${stepMs.toFixed(2)} ms`, '<= 1 ms', stepMs <= 1),
    row('journal of a turn', `${journal.toFixed(0)} bytes`, '<= 2048', journal <= 2_048),
    row(
      'CPU a turn without an engine',
      `process ${perTurn(without?.['alone'])}, driver ${perTurn(without?.['driver'])}`,
      '',
      null,
    ),
    row(
      'CPU a turn over the fleet',
      `worker ${perTurn(over?.['workers'])}, driver ${perTurn(over?.['driver'])}, engine ${perTurn(over?.['engine'])}`,
      '',
      null,
    ),
    row(
      'memory of the workers',
      `${start.workers.toFixed(0)} to ${end.workers.toFixed(0)} MB, ${grown.toFixed(1)} KB a turn`,
      '',
      null,
    ),
    row('memory of the engine', `${start.engine.toFixed(0)} to ${end.engine.toFixed(0)} MB`, '', null),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
} finally {
  for (const child of alone) child.kill();
  await fleet.close();
  await model.close();
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
}
