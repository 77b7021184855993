// `npm run bench:fleet`: keel's turns over a fleet of two workers beside the same turns without an engine, in one run on one machine.
// The same worker program runs both: without the engine, its turns are given to it directly. --turns, --steps and --at-once.
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

async function msOf(run: () => Promise<void>, count: number): Promise<number> {
  let left = count;
  const startedAt = performance.now();
  const one = async () => {
    while (left-- > 0) await run();
  };
  await Promise.all(Array.from({ length: atOnce ?? 1 }, one));
  return performance.now() - startedAt;
}

try {
  for (const run of [overFleet, withoutEngine]) await msOf(run, atOnce);
  const times = { fleet: [] as number[], alone: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    times.alone.push(await msOf(withoutEngine, turns));
    times.fleet.push(await msOf(overFleet, turns));
  }
  const best = { fleet: Math.min(...times.fleet), alone: Math.min(...times.alone) };
  const [journal] = await fleet.admin.query(
    "select count(distinct i.id) as turns, sum(j.entry_json_length) as bytes from (select id from sys_invocation where target_service_name = 'turn') i join (select id, length(entry_json) as entry_json_length from sys_journal) j on i.id = j.id",
  );
  const perStep = (best.fleet - best.alone) / (turns * steps);
  const lines = [
    `${turns} turns x ${steps} steps, ${atOnce} at once, 2 workers, best of ${rounds}`,
    `without an engine: ${((1000 * turns) / best.alone).toFixed(2)} turns/s`,
    `over the fleet:    ${((1000 * turns) / best.fleet).toFixed(2)} turns/s (${((100 * best.alone) / best.fleet).toFixed(0)} %), ${perStep.toFixed(2)} ms a step above it`,
    `journal: ${(Number(journal?.['bytes']) / Number(journal?.['turns'])).toFixed(0)} bytes a turn, as JSON`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
} finally {
  for (const child of alone) child.kill();
  await fleet.close();
  await model.close();
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
}
