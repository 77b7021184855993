import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  functionCall,
  type ModelServer,
  message,
  respond,
  type Script,
  startModelServer,
  usage,
} from '../src/testing/index.ts';
import type { Contestant, Work } from './contestants.ts';
import { decodingRatio } from './decoding.ts';
import { runLongThread } from './long-thread.ts';
import { run, type Usage } from './measure.ts';
import { threadBytes } from './thread-bytes.ts';

export interface Scenario {
  readonly name: string;
  readonly unit: string;
  /** keel divided by the floor should be no more than this. */
  readonly goal: number | null;
  /** keel's own figure should be no more than this. */
  readonly limit?: number;
  readonly maxRounds: number;
  takes(who: Contestant): boolean;
  run(who: Contestant): Promise<number>;
}

const STEPS = 30;
const ITEMS_A_TURN = 4;
const LONG_STEPS = 2_000;
const DELTAS = 20_000;
const THREAD_STEPS = 100;
export const THREAD = '01a20cee-41e3-7d69-b809-3f6bd217b403';

const hello: Script = () => respond(message('hello'), usage({ input: 10, output: 2 }));
const isDone = (request: { input: readonly unknown[] }) =>
  request.input.filter((item) => JSON.stringify(item).includes('"function_call_output"')).length;

/** Thirty commands, one a response. */
const steps: Script = (request) => {
  const done = isDone(request);
  return done >= STEPS
    ? respond(message('done'), usage({}))
    : respond(functionCall(runnerOf(request), argumentsOf(request, 'true'), `call_${done}`));
};

const deltas: Script = () => {
  const pieces = Array.from({ length: DELTAS }, (_, at) => `word${at % 10} `);
  return respond(message(pieces.join(''), { deltas: pieces }), usage({}));
};

const gigabyte: Script = (request) =>
  isDone(request) > 0
    ? respond(message('done'), usage({}))
    : respond(
        functionCall(runnerOf(request), argumentsOf(request, 'head -c 1000000000 /dev/zero | tr "\\0" x'), 'call_1'),
      );

/** One command that can change files. */
const oneChange: Script = (request) =>
  isDone(request) > 0
    ? respond(message('done'), usage({}))
    : respond(functionCall(runnerOf(request), argumentsOf(request, 'touch changed'), 'call_1'));

const TREE_FILES = 100_000;

export const scenarios: readonly Scenario[] = [
  scenario(
    'start to first request',
    'ms',
    1.6,
    hello,
    (usage, server) => (server.requests[0]?.arrivedAt ?? 0) - usage.spawnedAt,
  ),
  scenario('start to exit, one message', 'ms', null, hello, (usage) => usage.wallMs),
  scenario(`per step of ${STEPS} commands`, 'ms', 1.5, steps, (_usage, server) => {
    const times = server.requests.map((request) => request.arrivedAt);
    return ((times.at(-1) ?? 0) - (times[0] ?? 0)) / STEPS;
  }),
  scenario(`a stream of ${DELTAS} deltas`, 'ms CPU', 2, deltas, (usage) => usage.cpuMs),
  scenario('peak memory, one message', 'MiB', 1.8, hello, (usage) => usage.peakMiB),
  {
    ...scenario('peak memory, a command that prints 1 GB', 'MiB', null, gigabyte, (usage) => usage.peakMiB),
    maxRounds: 2,
  },
  ...bigTreeScenarios(),
  resumeScenario('resume of a 50 MB rollout to its request', longThread({ textBytes: 960, bytes: 50_000_000 })),
  resumeScenario('resume of a rollout of 100,000 items to its request', longThread({ textBytes: 24, items: 100_000 })),
  longThreadScenario(),
  inProcess(`a thread of ${THREAD_STEPS} steps, sent by HTTP`, 'kB', () => threadKilobytes('http')),
  inProcess(`a thread of ${THREAD_STEPS} steps, sent over a WebSocket`, 'kB', () => threadKilobytes('websocket')),
  decodingScenario('Responses', 'responses'),
  decodingScenario('Chat Completions', 'chat'),
  decodingScenario('Messages', 'anthropic'),
];

function decodingScenario(name: string, wireApi: Parameters<typeof decodingRatio>[0]): Scenario {
  const what = `decoding ${DELTAS} deltas of the ${name} API, over eventsource-parser and JSON.parse`;
  return { ...inProcess(what, 'x CPU', () => decodingRatio(wireApi, DELTAS)), limit: 1.5 };
}

/** keel's own modules, measured within this process. */
function inProcess(name: string, unit: string, figure: () => Promise<number>): Scenario {
  return { name, unit, goal: null, maxRounds: 1, takes: (who) => who.name === 'keel', run: figure };
}

async function threadKilobytes(way: 'http' | 'websocket'): Promise<number> {
  return (await threadBytes(THREAD_STEPS, way)) / 1_000;
}

function scenario(
  name: string,
  unit: string,
  goal: number | null,
  script: Script,
  figure: (usage: Usage, server: ModelServer) => number,
): Scenario {
  return {
    name,
    unit,
    goal,
    maxRounds: 100,
    takes: () => true,
    run: (who) => measure(who, script, { prompt: 'go' }, figure, () => ({})),
  };
}

/** A repository of 100,000 files: neither the first request nor the exit looks at them, and a step does so once a turn. */
function bigTreeScenarios(): Scenario[] {
  const name = `in a repository of ${TREE_FILES.toLocaleString('en-US')} files`;
  const inTree = (what: string, script: Script, figure: (usage: Usage, server: ModelServer) => number): Scenario => ({
    ...{ name: `${what}, ${name}`, unit: 'ms', goal: null, maxRounds: 3 },
    takes: (who) => who.name === 'keel',
    run: (who) => measure(who, script, { prompt: 'go' }, figure, prepareTree),
  });
  return [
    inTree('start to first request', hello, (usage, server) => (server.requests[0]?.arrivedAt ?? 0) - usage.spawnedAt),
    inTree('start to exit, one message', hello, (usage) => usage.wallMs),
    inTree('first step that can change files, its snapshot included', oneChange, (_usage, server) => {
      const [first, second] = server.requests;
      return (second?.arrivedAt ?? 0) - (first?.arrivedAt ?? 0);
    }),
  ];
}

/** The work tree is the home: keel's own files in it are ignored. */
function prepareTree(home: string): Record<string, string> {
  for (let folder = 0; folder < TREE_FILES / 100; folder += 1) {
    const dir = join(home, 'tree', String(Math.floor(folder / 100)), String(folder));
    mkdirSync(dir, { recursive: true });
    for (let file = 0; file < 100; file += 1) writeFileSync(join(dir, `${file}.txt`), `${folder} ${file}\n`);
  }
  const git = (...args: string[]) => execFileSync('git', ['-C', home, ...args], { stdio: 'ignore' });
  git('init', '--quiet');
  git('add', 'tree');
  git('-c', 'user.name=bench', '-c', 'user.email=bench@localhost', 'commit', '--quiet', '--message=tree');
  return {};
}

/** Cost grows linearly: what a step costs, sending aside, does not grow with the thread. */
function longThreadScenario(): Scenario {
  return {
    name: `a step after ${LONG_STEPS}, over its 20th or 300th, the cheaper`,
    unit: 'x CPU',
    goal: null,
    limit: 1.3,
    maxRounds: 1,
    takes: (who) => who.name !== 'codex',
    run: (who) =>
      inHome(async (home) => {
        const env = benchEnv(home, '');
        const { early, warm, late } = await runLongThread(LONG_STEPS, {
          argv: who.command({ prompt: 'go' }),
          cwd: home,
          env,
        });
        return late / Math.min(early, warm);
      }),
  };
}

/**
 * A long thread is read and sent on; the floor reads the same file and sends the same items. keel's first request is the one
 * that asks for a handover, since such a thread fits no window: it has every item as well.
 */
function resumeScenario(name: string, write: (home: string) => string): Scenario {
  return {
    name,
    unit: 'ms',
    goal: null,
    maxRounds: 3,
    takes: (who) => who.name !== 'codex',
    run: (who) =>
      measure(
        who,
        hello,
        { prompt: 'go on', resume: THREAD },
        (usage, server) => (server.requests[0]?.arrivedAt ?? 0) - usage.spawnedAt,
        (home) => ({ BENCH_ROLLOUT: write(home) }),
      ),
  };
}

async function measure(
  who: Contestant,
  script: Script,
  work: Work,
  figure: (usage: Usage, server: ModelServer) => number,
  prepare: (home: string) => Record<string, string>,
): Promise<number> {
  return inHome(async (home) => {
    await using server = await startModelServer(script);
    const env = { ...benchEnv(home, server.url), ...prepare(home) };
    const result = await run({ argv: who.command(work), cwd: home, env });
    if (result.exitCode !== 0) throw new Error(`${who.name} exited ${result.exitCode}: ${result.stderr.slice(0, 500)}`);
    return figure(result, server);
  });
}

/** keel's compiled code, which a user's home has from the run before. */
const compiled = join(mkdtempSync(join(tmpdir(), 'keel-bench-cache-')), 'cache');
process.once('exit', () => rmSync(dirname(compiled), { recursive: true, force: true }));

async function inHome<T>(work: (home: string) => Promise<T>): Promise<T> {
  const home = mkdtempSync(join(tmpdir(), 'keel-bench-'));
  const own = join(home, 'cache');
  if (existsSync(compiled)) cpSync(compiled, own, { recursive: true });
  try {
    const result = await work(home);
    if (existsSync(own) && !existsSync(compiled)) cpSync(own, compiled, { recursive: true });
    return result;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

function benchEnv(home: string, url: string): Record<string, string> {
  const request = join(home, 'request.json');
  const body = { model: 'gpt-5-codex', instructions: 'x'.repeat(5_000), input: [], tools: [], stream: true };
  writeFileSync(request, JSON.stringify(body));
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    KEEL_HOME: home,
    CODEX_HOME: home,
    OPENAI_BASE_URL: url,
    OPENAI_API_KEY: 'bench',
    CODEX_API_KEY: 'bench',
    BENCH_REQUEST: request,
  };
}

/** Each contestant has its own way to run a command; the bare floor takes keel's. */
function runnerOf(request: { tools: readonly Readonly<Record<string, unknown>>[] }): string {
  return request.tools.some((tool) => tool['name'] === 'shell') ? 'shell' : 'exec_command';
}

function argumentsOf(request: Parameters<typeof runnerOf>[0], command: string): Readonly<Record<string, unknown>> {
  return runnerOf(request) === 'shell'
    ? { command: ['bash', '-c', command], timeout_ms: 60_000 }
    : { cmd: command, yield_time_ms: 30_000 };
}

/** Writes a thread of turns with a call each, until it has that many items or bytes; returns its path. */
export function longThread(size: { readonly textBytes: number; readonly items?: number; readonly bytes?: number }) {
  const { textBytes, items = Number.POSITIVE_INFINITY, bytes = Number.POSITIVE_INFINITY } = size;
  const text = 'lorem ipsum '.repeat(textBytes / 12);
  return (home: string): string => {
    const path = join(home, `sessions/2026/11/24/rollout-2026-11-24T09-00-00-${THREAD}.jsonl`);
    mkdirSync(dirname(path), { recursive: true });
    const stamp = '2026-11-24T09:00:00.000Z';
    const line = (type: string, payload: unknown) => `${JSON.stringify({ timestamp: stamp, type, payload })}\n`;
    const lines = [line('session_meta', { id: THREAD, timestamp: stamp, cwd: home, model_provider: 'openai' })];
    let written = 0;
    for (let turn = 0; turn * ITEMS_A_TURN < items && written < bytes; turn += 1) {
      const added = turnLines(turn, text, line);
      written += added.reduce((sum, entry) => sum + entry.length, 0);
      lines.push(...added);
    }
    writeFileSync(path, lines.join(''));
    return path;
  };
}

function turnLines(turn: number, text: string, line: (type: string, payload: unknown) => string): string[] {
  const call_id = `call_${turn}`;
  const call = { type: 'function_call', name: 'shell', arguments: '{"command":["true"]}', call_id };
  return [
    line('event_msg', { type: 'task_started', turn_id: `turn-${turn}` }),
    line('event_msg', { type: 'user_message', message: text }),
    line('response_item', { type: 'message', role: 'user', content: [{ type: 'input_text', text }] }),
    line('response_item', call),
    line('response_item', { type: 'function_call_output', call_id, output: text }),
    line('response_item', { type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] }),
    line('event_msg', { type: 'task_complete', turn_id: `turn-${turn}` }),
  ];
}
