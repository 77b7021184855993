import { join } from 'node:path';
import type { ModelServer, Script } from '../src/testing/index.ts';
import type { Contestant, Work } from './contestants.ts';
import { decodingRatio } from './decoding.ts';
import { benchEnv, type Figure, inHome, type MeasureOptions, measure } from './in-home.ts';
import { largeTree, TREE_FILES } from './large-tree.ts';
import { type LongThread, runLongThread } from './long-thread.ts';
import { run } from './measure.ts';
import { longThread, THREAD } from './recorded-thread.ts';
import { commands, DELTAS, deltas, hello, subagents } from './scripts.ts';
import { threadBytes } from './thread-bytes.ts';

/** What keel's figure should be at most: a multiple of the floor's, an amount above it, or a figure of its own. */
export type Goal =
  | { readonly type: 'times' | 'above'; readonly floor: number }
  | { readonly type: 'atMost'; readonly figure: number };

export interface Scenario {
  readonly name: string;
  readonly unit: string;
  readonly goal: Goal | null;
  readonly maxRounds: number;
  takes(who: Contestant): boolean;
  run(who: Contestant): Promise<number>;
}

const STEPS = 30;
const LONG_STEPS = 2_000;
const THREAD_STEPS = 100;
const SUBAGENTS = 8;
/** With more the medians of a quiet machine don't change any more. */
const MAX_ROUNDS = 25;

const LOOP = 'for n in 1 2 3; do echo "$n"; done > out.txt';
const GIGABYTE = 'head -c 1000000000 /dev/zero | tr "\\0" x';

const work: Work = { prompt: 'go' };
const sandboxed: Work = { ...work, isSandboxed: true };
const times = (floor: number): Goal => ({ type: 'times', floor });
const above = (floor: number): Goal => ({ type: 'above', floor });
const atMost = (figure: number): Goal => ({ type: 'atMost', figure });

const toFirstRequest: Figure = ({ spawnedAt }, { requests }) => (requests[0]?.arrivedAt ?? 0) - spawnedAt;
const afterLastRequest: Figure = ({ spawnedAt, wallMs }, { requests }) =>
  spawnedAt + wallMs - (requests.at(-1)?.arrivedAt ?? 0);
const firstStep: Figure = (_usage, { requests }) => (requests[1]?.arrivedAt ?? 0) - (requests[0]?.arrivedAt ?? 0);

/** Without the first step, which loads what commands need. */
function laterSteps(_usage: unknown, { requests }: ModelServer): number {
  return ((requests.at(-1)?.arrivedAt ?? 0) - (requests[1]?.arrivedAt ?? 0)) / (requests.length - 2);
}

export const scenarios: readonly Scenario[] = [
  versionScenario(),
  each('start to first request', 'ms', times(1.9), hello, toFirstRequest),
  each('start to exit, one message', 'ms', null, hello, ({ wallMs }) => wallMs),
  each('last answer to exit, one message', 'ms', above(10), hello, afterLastRequest),
  ofKeel('last answer to exit, the first run of a home', 'ms', null, (who) =>
    measure(who, hello, work, afterLastRequest, { home: 'new' }),
  ),
  each('first command', 'ms', null, commands(1, 'true'), firstStep),
  each('first command, a loop with a redirect', 'ms', atMost(34), commands(1, LOOP), firstStep),
  each('first command, sandboxed', 'ms', atMost(63), commands(1, LOOP), firstStep, sandboxed),
  each(`a step, of ${STEPS} commands`, 'ms', times(1.5), commands(STEPS, 'true'), laterSteps),
  each(`a step, sandboxed, of ${STEPS}`, 'ms', null, commands(STEPS, 'true'), laterSteps, sandboxed),
  ofKeel(`what the sandbox adds to a step, of ${STEPS}`, 'ms', atMost(8), addedBySandbox),
  each(`a stream of ${DELTAS} deltas`, 'ms CPU', times(2), deltas, ({ cpuMs }) => cpuMs),
  each('peak memory, one message', 'MiB', times(1.8), hello, ({ peakMiB }) => peakMiB),
  {
    ...each('peak memory, a command that prints 1 GB', 'MiB', null, commands(1, GIGABYTE), ({ peakMiB }) => peakMiB),
    maxRounds: 2,
  },
  ...largeTreeScenarios(),
  resumeScenario('resume of a 50 MB rollout to its request', 'ms', longThread({ textBytes: 960, bytes: 50_000_000 })),
  resumeScenario('resume of 100,000 items to its request', 'ms', longThread({ textBytes: 24, items: 100_000 })),
  resumeScenario('peak memory, resume of 100,000 items', 'MiB', longThread({ textBytes: 24, items: 100_000 })),
  longThreadScenario(
    `a step after ${LONG_STEPS}, over its 20th or 300th, the cheaper`,
    'x CPU',
    atMost(1.3),
    (thread) => Math.max(0, thread.late) / Math.min(thread.early, thread.warm),
  ),
  longThreadScenario(`peak memory, ${LONG_STEPS} steps`, 'MiB', atMost(120), ({ peakMiB }) => peakMiB),
  ...manyToolsScenarios(),
  ...subagentScenarios(),
  inProcess(`a thread of ${THREAD_STEPS} steps, sent by HTTP`, 'kB', () => threadKilobytes('http')),
  inProcess(`a thread of ${THREAD_STEPS} steps, sent over a WebSocket`, 'kB', () => threadKilobytes('websocket')),
  decodingScenario('Responses', 'responses'),
  decodingScenario('Chat Completions', 'chat'),
  decodingScenario('Messages', 'anthropic'),
];

/** What every contestant does that can do it: the bare script has no sandbox and no options. */
function each(
  name: string,
  unit: string,
  goal: Goal | null,
  script: Script,
  figure: Figure,
  given: Work = work,
  options: MeasureOptions = {},
): Scenario {
  const run = (who: Contestant) => measure(who, script, given, figure, options);
  return { name, unit, goal, maxRounds: MAX_ROUNDS, takes: () => true, run };
}

function ofKeel(name: string, unit: string, goal: Goal | null, run: (who: Contestant) => Promise<number>): Scenario {
  return { name, unit, goal, maxRounds: MAX_ROUNDS, takes: (who) => who.name === 'keel', run };
}

/** Two runs beside each other, since what differs is small. */
async function addedBySandbox(who: Contestant): Promise<number> {
  const script = commands(STEPS, 'true');
  const confined = await measure(who, script, sandboxed, laterSteps);
  return confined - (await measure(who, script, work, laterSteps));
}

/** keel's own modules, measured within this process. */
function inProcess(name: string, unit: string, figure: () => Promise<number>): Scenario {
  return { ...ofKeel(name, unit, null, figure), maxRounds: 1 };
}

function decodingScenario(name: string, wireApi: Parameters<typeof decodingRatio>[0]): Scenario {
  const what = `decoding ${DELTAS} deltas of the ${name} API, over eventsource-parser and JSON.parse`;
  return { ...inProcess(what, 'x CPU', () => decodingRatio(wireApi, DELTAS)), goal: atMost(1.5) };
}

async function threadKilobytes(way: 'http' | 'websocket'): Promise<number> {
  return (await threadBytes(THREAD_STEPS, way)) / 1_000;
}

/** `keel --version` beside `node -e 0`. */
function versionScenario(): Scenario {
  return {
    ...{ name: 'keel --version, over node -e 0', unit: 'ms', goal: times(1.3), maxRounds: MAX_ROUNDS },
    takes: (who) => who.name !== 'codex',
    run: (who) =>
      inHome(async (home) => {
        const [node = '', program = ''] = who.command(work);
        const argv = who.name === 'keel' ? [node, program, '--version'] : [node, '-e', '0'];
        return (await run({ argv, cwd: home, env: benchEnv(home, '') })).wallMs;
      }),
  };
}

/** Neither the first request nor the exit looks at the files of a repository, however many there are. A step does so once a turn. */
function largeTreeScenarios(): Scenario[] {
  const name = `in a repository of ${TREE_FILES.toLocaleString('en-US')} files`;
  const options: MeasureOptions = { prepare: () => ({ cwd: largeTree() }) };
  const inTree = (what: string, goal: Goal, script: Script, figure: Figure): Scenario =>
    each(`${what}, ${name}`, 'ms', goal, script, figure, work, options);
  const change = 'first step that can change files, its snapshot included';
  return [
    inTree('start to first request', times(1.9), hello, toFirstRequest),
    inTree('last answer to exit, one message', above(10), hello, afterLastRequest),
    { ...inTree(change, atMost(671), commands(1, 'touch changed'), firstStep), maxRounds: 3 },
  ];
}

/** Cost grows linearly: what a step costs, sending aside, does not grow with the thread. */
function longThreadScenario(name: string, unit: string, goal: Goal, figure: (thread: LongThread) => number): Scenario {
  return {
    ...{ name, unit, goal, maxRounds: 1 },
    takes: (who) => who.name !== 'codex',
    run: (who) =>
      inHome(async (home) => {
        const options = { argv: who.command(work), cwd: home, env: benchEnv(home, '') };
        return figure(await runLongThread(LONG_STEPS, options));
      }),
  };
}

/**
 * A long thread is read and sent on; the floor reads the same file and sends the same items. keel's first request is the one
 * that asks for a handover, since such a thread fits no window: it has every item as well.
 */
function resumeScenario(name: string, unit: 'ms' | 'MiB', write: (home: string) => string): Scenario {
  const resumed: Work = { prompt: 'continue', resume: THREAD };
  const figure: Figure = unit === 'ms' ? toFirstRequest : ({ peakMiB }) => peakMiB;
  return {
    ...{ name, unit, goal: unit === 'ms' ? times(2) : atMost(200), maxRounds: 3 },
    takes: (who) => who.name !== 'codex',
    run: (who) =>
      measure(who, hello, resumed, figure, { prepare: (home) => ({ env: { BENCH_ROLLOUT: write(home) } }) }),
  };
}

/** An MCP server of 300 tools: the model finds them by a search, so that they take no part in the first request. */
function manyToolsScenarios(): Scenario[] {
  const server = JSON.stringify([join(import.meta.dirname, 'many-tools.js')]);
  const command = JSON.stringify(process.execPath);
  const options = ['-c', `mcp_servers.many.command=${command}`, '-c', `mcp_servers.many.args=${server}`];
  const withTools: Work = { ...work, options };
  const bytes: Figure = (_usage, { requests }) => Buffer.byteLength(JSON.stringify(requests[0]?.body ?? null)) / 1_000;
  const added = async (who: Contestant, figure: Figure) =>
    (await measure(who, hello, withTools, figure)) - (await measure(who, hello, work, figure));
  const what = 'an MCP server of 300 tools adds';
  return [
    ofKeel(`start to first request, what ${what}`, 'ms', null, (who) => added(who, toFirstRequest)),
    ofKeel(`first request, what ${what}`, 'kB', atMost(2), (who) => added(who, bytes)),
  ];
}

/** A request that starts eight subagents at once, each of which runs a command. */
function subagentScenarios(): Scenario[] {
  const given: Work = {
    ...work,
    options: ['-c', 'features.multi_agent=true', '-c', `agents.max_threads=${SUBAGENTS}`],
  };
  const script = subagents(SUBAGENTS);
  const ofAll = (name: string, unit: string, goal: Goal | null, figure: Figure): Scenario =>
    ofKeel(name, unit, goal, (who) => measure(who, script, given, figure));
  return [
    ofAll(`${SUBAGENTS} subagents, a command each`, 'ms', null, ({ wallMs }) => wallMs),
    ofAll(`peak memory, ${SUBAGENTS} subagents`, 'MiB', null, ({ peakMiB }) => peakMiB),
  ];
}
