import { randomUUID } from 'node:crypto';
import type { Config } from '../../../../storage/config/index.ts';
import { describeSpawnFailure, Processes } from '../../../../system/process/index.ts';
import { SandboxManager } from '../../../../system/sandbox/index.ts';
import { type Client, ErrorCode, MethodError } from '../method.ts';
import { allowedPolicy } from './allowed-policy.ts';
import { CapturedOutput } from './captured-output.ts';
import { execEnvironment } from './command-environment.ts';
import type { ExecParams, ExecShape } from './command-params.ts';
import { RunningCommand } from './running-command.ts';

export interface ExecResult {
  readonly exitCode: number;
  /** Empty where it was streamed. */
  readonly stdout: string;
  readonly stderr: string;
}

interface RunPlace {
  /** Absolute. */
  readonly cwd: string;
  readonly client: Client;
  /** Called when the command can be talked to. */
  readonly onStart: (command: RunningCommand) => void;
}

/** Runs clients' commands under the settings of one folder. It owns what they start: close it. */
export class CommandRunner {
  readonly #config: Config;
  readonly #processes: Processes;
  readonly #sandbox: SandboxManager;
  /** For commands that are to reach no hosts though some are configured. */
  #offline: SandboxManager | null = null;
  #running = 0;
  #isRetired = false;

  constructor(config: Config) {
    this.#config = config;
    this.#processes = new Processes(`app-server.${randomUUID()}`, {
      graceMs: config.commandGraceMs,
      orphans: () => 'collect',
    });
    this.#sandbox = this.#manager(config.sandbox);
  }

  /**
   * Runs a command to its end, its time limit, or the end of the connection.
   * @throws MethodError if it can't be confined as configured, or not be started; nothing has run then
   */
  async run(params: ExecParams, shape: ExecShape, place: RunPlace): Promise<ExecResult> {
    this.#running += 1;
    try {
      return await this.#run(params, shape, place);
    } finally {
      this.#running -= 1;
      if (this.#isRetired) await this.retire();
    }
  }

  async #run(params: ExecParams, shape: ExecShape, { cwd, client, onStart }: RunPlace): Promise<ExecResult> {
    const config = this.#config;
    const { policy, network } = allowedPolicy(params.sandboxPolicy ?? null, config, this.#sandbox.roots);
    const isConfined = policy.mode !== 'danger-full-access';
    const sandbox = network === 'none' ? this.#withoutHosts() : this.#sandbox;
    const env = execEnvironment(config, params.env ?? {}, isConfined);
    if (isConfined) await sandbox.ready(client.closed, { policy, cwd: config.cwd });
    client.closed.throwIfAborted();
    const spec = { argv: params.command, cwd, env };
    const planned = sandbox.plan({ spec, policy, cwd: config.cwd });
    if (planned.type === 'unavailable') throw refused(planned.reason);
    const output = new CapturedOutput({
      client,
      streamedAs: shape.isStreamed ? shape.processId : null,
      cap: shape.outputCap,
    });
    const release = sandbox.track(planned.plan);
    try {
      const options = { processes: this.#processes, shape, output, signal: client.closed };
      const command = await RunningCommand.start(planned.plan.spawn, options).catch((error: unknown) => {
        throw refused(describeSpawnFailure(error, { ...planned.plan.spawn, argv: params.command }));
      });
      onStart(command);
      const exitCode = await command.ended();
      return { exitCode, stdout: output.text('stdout'), stderr: output.text('stderr') };
    } finally {
      release();
      for (const message of sandbox.takeFindings()) client.notify('warning', { message });
    }
  }

  /** Closes it once it runs nothing any more. */
  async retire(): Promise<void> {
    this.#isRetired = true;
    if (this.#running === 0) await this.close();
  }

  /** Ends every process at once. */
  killProcesses(): void {
    this.#processes.killAll();
  }

  async close(): Promise<void> {
    await this.#processes.endAll();
    this.#processes.close();
    this.#sandbox.close();
    this.#offline?.close();
  }

  #withoutHosts(): SandboxManager {
    if (this.#config.sandbox.network === null) return this.#sandbox;
    this.#offline ??= this.#manager({ ...this.#config.sandbox, network: null });
    return this.#offline;
  }

  #manager(settings: Config['sandbox']): SandboxManager {
    const { home, env } = this.#config;
    return new SandboxManager({ ...settings, home, env, processes: this.#processes });
  }
}

function refused(message: string): MethodError {
  return new MethodError(ErrorCode.invalidRequest, message);
}
