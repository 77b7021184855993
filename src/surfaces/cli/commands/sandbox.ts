import { randomUUID } from 'node:crypto';
import { KeelError, SandboxMode } from '../../../foundation/protocol/index.ts';
import { commandEnvironment, loadConfig } from '../../../storage/config/index.ts';
import { Processes, type ProgramInput, startInherited } from '../../../system/process/index.ts';
import {
  type CheckOptions,
  checkSandbox,
  describePlan,
  type ExecPlan,
  SandboxManager,
} from '../../../system/sandbox/index.ts';
import { refuseMore } from '../command-line.ts';
import type { CommandIo } from '../io.ts';
import { data, note, say } from '../output.ts';
import { HelpRequested, UsageError } from '../usage.ts';

const help = `Usage: keel sandbox run [-s MODE | --full-auto] [-c key=value] -- COMMAND...
       keel sandbox explain [--json] [-s MODE | --full-auto] [-c key=value] -- COMMAND...
       keel sandbox check [--json] [-c key=value]

Run a command in the agent's sandbox, or check the sandbox of this machine.
  run      run a command exactly as the agent's commands run; read-only by default
  explain  print what would confine the command, and run nothing
  check    try to break out on this machine and show what was stopped ("open": a known limit)
`;

interface Request {
  readonly verb: 'run' | 'explain' | 'check';
  readonly mode: SandboxMode;
  readonly json: boolean;
  readonly overrides: readonly string[];
  readonly argv: readonly string[];
}

/** `keel sandbox`: the agent's sandbox, to try and to check. */
export async function sandboxCommand(io: CommandIo, words: readonly string[]): Promise<number> {
  const request = parse(words);
  const processes = new Processes(`sandbox.${randomUUID()}`, { orphans: () => 'end' });
  const config = await loadConfig({
    env: io.env,
    cwd: io.cwd,
    overrides: request.overrides,
    flags: { sandboxMode: request.mode },
  });
  const manager = new SandboxManager({ ...config.sandbox, home: config.home, env: config.env, processes });
  try {
    if (request.verb === 'check') {
      const { bwrapPath } = config.sandbox;
      return await check(io, request, { processes, home: config.home, bwrapPath });
    }
    await manager.ready(new AbortController().signal, { policy: config.sandboxPolicy, cwd: config.cwd });
    const env = commandEnvironment(config, config.env);
    const spec = { argv: request.argv, cwd: config.cwd, env };
    const planned = manager.plan({ spec, policy: config.sandboxPolicy, cwd: config.cwd });
    if (planned.type === 'unavailable') throw new KeelError('sandboxError', planned.reason);
    if (request.verb === 'run') return await run(planned.plan, manager, { processes, io });
    if (request.json) data(io, `${planAsJson(planned.plan)}\n`);
    else say(io, describePlan(planned.plan));
    return 0;
  } finally {
    manager.close();
    processes.close();
  }
}

function parse(words: readonly string[]): Request {
  const [verb = '--help', ...rest] = words;
  // Names of the Codex CLI's debugging commands, which only run something.
  if (['linux', 'landlock', 'macos', 'seatbelt'].includes(verb)) return parse(['run', ...rest]);
  if (verb === '--help' || verb === '-h') throw new HelpRequested(help);
  if (verb !== 'run' && verb !== 'explain' && verb !== 'check') throw new UsageError(`there is no "sandbox ${verb}"`);
  let mode: SandboxMode | null = null;
  let isFullAuto = false;
  let json = false;
  const overrides: string[] = [];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--help' || word === '-h') throw new HelpRequested(help);
    if (word === '--full-auto') isFullAuto = true;
    else if (word === '--json') json = true;
    else if (word === '-s' || word === '--sandbox') mode = modeOf(rest.shift());
    else if (word === '-c' || word === '--config') overrides.push(rest.shift() ?? '');
    else if (word === '--') break;
    else if (word.startsWith('-')) throw new UsageError(`unknown option ${word}`);
    else {
      rest.unshift(word);
      break;
    }
  }
  if (verb === 'check') refuseMore(rest);
  else if (rest.length === 0) throw new UsageError('which command? write it after --');
  if (isFullAuto && mode !== null) throw new UsageError('--full-auto and --sandbox exclude each other');
  return { verb, mode: isFullAuto ? 'workspace-write' : (mode ?? 'read-only'), json, overrides, argv: rest };
}

function modeOf(word: string | undefined): SandboxMode {
  const mode = SandboxMode.options.find((option) => option === word);
  if (!mode) throw new UsageError(`the sandbox mode is one of ${SandboxMode.options.join(', ')}`);
  return mode;
}

interface RunDeps {
  readonly processes: Processes;
  readonly io: CommandIo;
}

async function run(plan: ExecPlan, manager: SandboxManager, { processes, io }: RunDeps): Promise<number> {
  const release = manager.track(plan);
  try {
    const child = await startInherited(plan.spawn, processes);
    return (await child.exited).exitCode;
  } finally {
    release();
    for (const finding of manager.takeFindings()) note(io, `keel: ${finding}\n`);
  }
}

/** Descriptor contents and filters are shown by their size. */
function planAsJson(plan: ExecPlan): string {
  const { inputs = [], confinement, env: _, ...spawn } = plan.spawn;
  const sizeOf = ({ length }: Uint8Array) => `${length} bytes`;
  const shown = (input: ProgramInput) => (input instanceof Uint8Array ? sizeOf(input) : input.path);
  const rules =
    confinement === undefined ? {} : { confinement: { ...confinement, seccomp: sizeOf(confinement.seccomp) } };
  return JSON.stringify({ ...plan, spawn: { ...spawn, inputs: inputs.map(shown), ...rules } }, null, 2);
}

const SHOWN = { stopped: 'stopped', open: 'open   ', broken: 'BROKEN ' } as const;

async function check(io: CommandIo, { json }: Request, options: CheckOptions): Promise<number> {
  const report = await checkSandbox(options);
  if (json) data(io, `${JSON.stringify(report, null, 2)}\n`);
  else if (report.backend === null) say(io, `${report.reason}\n`);
  else {
    say(io, `Confined by ${report.backend}.\n`);
    for (const { name, state, detail } of report.rows) {
      say(io, `${SHOWN[state]}  ${name}${detail === '' ? '' : ` (${detail})`}\n`);
    }
  }
  return report.backend !== null && report.rows.every(({ state }) => state !== 'broken') ? 0 : 1;
}
