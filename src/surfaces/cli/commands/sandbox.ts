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
import { readCommandLine, refuseMore, splitAtCommand } from '../command-line.ts';
import type { CommandSpec } from '../command-spec.ts';
import type { Command } from '../commands.ts';
import type { CommandIo } from '../io.ts';
import { data, note, say } from '../output.ts';
import { choiceOf } from '../session-options.ts';
import { HelpRequested, UsageError } from '../usage.ts';

const spec = {
  usage: ['sandbox run [options] -- COMMAND...', 'sandbox explain [options] -- COMMAND...', 'sandbox check [options]'],
  about: ["Run a command in the agent's sandbox, or check the sandbox of this machine."],
  verbs: {
    run: "run a command exactly as the agent's commands run; read-only by default",
    explain: 'print what would confine the command, and run nothing',
    check: 'try to break out on this machine and show what was stopped ("open": a known limit)',
  },
  options: {
    sandbox: {
      ...{ type: 'string', short: 's', value: 'MODE', choices: SandboxMode.options },
      about: 'read-only, workspace-write or danger-full-access',
    },
    'full-auto': { type: 'boolean', about: 'the same as --sandbox workspace-write' },
    config: { type: 'string', short: 'c', multiple: true, value: 'KEY=VALUE', about: 'override a setting; repeatable' },
    json: { type: 'boolean', about: 'with explain and check: print JSON' },
  },
} as const satisfies CommandSpec;

interface Request {
  readonly verb: 'run' | 'explain' | 'check';
  /** Null: that of `-c`, else `read-only`. */
  readonly mode: SandboxMode | null;
  readonly json: boolean;
  readonly overrides: readonly string[];
  readonly argv: readonly string[];
}

/** `keel sandbox`: the agent's sandbox, to try and to check. */
export const sandboxCommand: Command = { spec, run: sandbox };

async function sandbox(io: CommandIo, words: readonly string[]): Promise<number> {
  const request = parse(words);
  const processes = new Processes(`sandbox.${randomUUID()}`, { orphans: () => 'end' });
  const config = await loadConfig({
    env: io.env,
    cwd: io.cwd,
    overrides: ['sandbox_mode="read-only"', ...request.overrides],
    flags: request.mode === null ? {} : { sandboxMode: request.mode },
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
  const [verb, ...rest] = words;
  if (verb === undefined) throw new HelpRequested(spec);
  // Names of the Codex CLI's debugging commands, which only run something.
  if (['linux', 'landlock', 'macos', 'seatbelt'].includes(verb)) return parse(['run', ...rest]);
  const isVerb = verb === 'run' || verb === 'explain' || verb === 'check';
  const { own, command } = splitAtCommand(rest, spec.options);
  const { values } = readCommandLine(isVerb ? own : words, spec);
  if (!isVerb) throw new UsageError(`there is no "sandbox ${verb}"`);
  if (verb === 'check') refuseMore(command);
  else if (command.length === 0) throw new UsageError('which command? write it after --');
  const mode = choiceOf('sandbox', values.sandbox, SandboxMode.options);
  const isFullAuto = values['full-auto'] ?? false;
  if (isFullAuto && mode !== null) throw new UsageError('--full-auto and --sandbox exclude each other');
  return {
    verb,
    mode: isFullAuto ? 'workspace-write' : mode,
    json: values.json ?? false,
    overrides: values.config ?? [],
    argv: command,
  };
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
