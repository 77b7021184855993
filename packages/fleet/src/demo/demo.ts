import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { functionCall, message, type RecordedRequest, respond, startModelServer, usage } from 'keel/testing';
import { CommandError } from '../cli/fleet-folder.ts';
import { table } from '../cli/table.ts';
import { NO_BINARY } from '../cli/up.ts';
import { FleetClient } from '../client/fleet-client.ts';
import { promptOp } from '../protocol.ts';
import { LocalFleet } from '../up/local-fleet.ts';
import { restateBinary } from '../up/restate-binary.ts';

export interface DemoOptions {
  readonly turns: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly print: (line: string) => void;
}

const STEPS = 5;
/** Requests to the model after which a worker is killed: about the middle. */
const KILLED_AFTER = 0.4;

interface DemoTurn {
  readonly threadId: string;
  readonly prompt: string;
  readonly cwd: string;
  readonly status: string;
  readonly message: string;
}

/** Twenty turns with a scripted model, each of which writes a line a step; one of two workers is killed in the middle. @returns the exit code */
export async function runDemo({ turns, env, print }: DemoOptions, signal: AbortSignal): Promise<number> {
  const binary = restateBinary(env);
  if (binary === null) throw new CommandError(NO_BINARY);
  const dir = mkdtempSync(join(tmpdir(), 'keel-fleet-demo-'));
  await using model = await startModelServer(scriptedAnswer);
  try {
    const fleet = await LocalFleet.start(
      { dir, binary, workers: 2, parkAfterMs: 60_000, port: 0, env: demoEnvironment(env, dir, model.url), log: print },
      signal,
    );
    try {
      print(`${turns} turns of ${STEPS} steps over ${fleet.workers.length} workers`);
      const client = new FleetClient({ url: fleet.ingressUrl });
      const killed = killInTheMiddle(
        fleet,
        model.request(Math.floor(turns * (STEPS + 1) * KILLED_AFTER), signal),
        print,
      );
      const all = await Promise.all(Array.from({ length: turns }, (_, at) => runTurn(client, dir, at, signal)));
      await killed;
      return report(all, print);
    } finally {
      await fleet.close();
    }
  } finally {
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function killInTheMiddle(
  fleet: LocalFleet,
  moment: Promise<unknown>,
  print: (line: string) => void,
): Promise<void> {
  await moment;
  const [victim] = fleet.workers;
  if (victim === undefined) return;
  print(`kills ${victim.name} (kill -9 ${victim.child.pid})`);
  victim.child.signal('SIGKILL');
}

async function runTurn(client: FleetClient, dir: string, at: number, signal: AbortSignal): Promise<DemoTurn> {
  const threadId = randomUUID();
  const [home, cwd] = ['home', 'work'].map((name) => join(dir, 'threads', threadId, name));
  if (home === undefined || cwd === undefined) throw new Error('a thread has a home and a work tree');
  for (const path of [home, cwd]) mkdirSync(path, { recursive: true, mode: 0o700 });
  // The demo's commands are its own, and each writes to its own directory.
  writeFileSync(join(home, 'config.toml'), 'sandbox_mode = "danger-full-access"\napproval_policy = "never"\n');
  const prompt = `turn ${at + 1}: write ${STEPS} lines`;
  const op = promptOp(prompt);
  const { turnId } = await client.submitted(threadId, { op, place: { home, cwd }, submissionId: 'demo' }, signal);
  const end = await client.settled(threadId, turnId, signal);
  const { status, message } = end.type === 'ended' ? end.turn : { status: 'waiting', message: null };
  return { threadId, prompt, cwd, status, message: message ?? '' };
}

/** What it answers follows from the request alone: it may come twice. */
function scriptedAnswer(request: RecordedRequest) {
  const outputs = request.input.filter((item) => item['type'] === 'function_call_output');
  const isUnknown = outputs.map((item) => JSON.stringify(item['output']).includes('unknown outcome'));
  const counted = usage({ input: 900, output: 20 });
  const step = isUnknown.filter((unknown) => !unknown).length + 1;
  if (step > STEPS) return respond(message(`reported unknown: ${outputs.length - STEPS}`), counted);
  // A command that was cut off may have taken effect: like any model, this one looks before it repeats it.
  const look = isUnknown.at(-1) ? `grep -qx ${step} lines || ` : '';
  const cmd = `${look}echo ${step} >> lines; sleep 0.1`;
  return respond(functionCall('exec_command', { cmd }, `call_${outputs.length}`), counted);
}

function report(turns: readonly DemoTurn[], print: (line: string) => void): number {
  const rows = turns.map((turn) => ({ turn, ...countsOf(turn) }));
  const head = ['TURN', 'THREAD', 'STATE', 'LINES', 'LOST', 'REPEATED', 'MESSAGE'];
  const cells = rows.map(({ turn, lines, lost, repeated }) => {
    return [turn.prompt, turn.threadId, turn.status, `${lines}`, `${lost}`, `${repeated}`, turn.message];
  });
  print(`\n${table(head, cells)}\n`);
  const completed = turns.filter(({ status }) => status === 'completed').length;
  const lost = rows.reduce((sum, row) => sum + row.lost, 0);
  const repeated = rows.reduce((sum, row) => sum + row.repeated, 0);
  print(`${completed} of ${turns.length} turns completed, ${lost} steps lost, ${repeated} repeated`);
  return completed === turns.length && lost === 0 && repeated === 0 ? 0 : 1;
}

function countsOf({ cwd }: DemoTurn): { readonly lines: number; readonly lost: number; readonly repeated: number } {
  const path = join(cwd, 'lines');
  const lines = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
  const different = new Set(lines).size;
  return { lines: lines.length, lost: STEPS - different, repeated: lines.length - different };
}

function demoEnvironment(env: DemoOptions['env'], dir: string, url: string): Record<string, string | undefined> {
  return {
    PATH: `${dirname(process.execPath)}:${env['PATH'] ?? ''}`,
    HOME: dir,
    TMPDIR: env['TMPDIR'],
    NODE_COMPILE_CACHE: env['NODE_COMPILE_CACHE'],
    OPENAI_BASE_URL: url,
    OPENAI_API_KEY: 'demo',
  };
}
