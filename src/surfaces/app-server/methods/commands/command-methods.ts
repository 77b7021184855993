import { resolve } from 'node:path';
import * as z from 'zod';
import { isInside, realPath } from '../../../../foundation/util/index.ts';
import type { Config } from '../../../../storage/config/index.ts';
import { Base64 } from '../base64.ts';
import { type Client, ErrorCode, MethodError, type Methods, method } from '../method.ts';
import type { ServerSettings } from '../server-settings.ts';
import { ExecParams, shapeOf, TerminalSize } from './command-params.ts';
import { CommandRunner } from './command-runner.ts';
import type { RunningCommand } from './running-command.ts';

/** Commands of one client that run at the same time. */
const MAX_COMMANDS = 64;

const OfProcess = z.object({ processId: z.string() });
const WriteParams = OfProcess.extend({
  deltaBase64: Base64.nullish(),
  closeStdin: z.boolean().nullish(),
});
const ResizeParams = OfProcess.extend({ size: TerminalSize });

/** What a client runs. A command without an id counts, and can't be named. */
interface Running {
  readonly byId: Map<string, RunningCommand | 'starting'>;
  count: number;
}

/** `command/exec` and what belongs to it: commands that clients run beside all threads, in the configured sandbox. */
export class ClientCommands implements AsyncDisposable {
  readonly #settings: ServerSettings;
  readonly #running = new WeakMap<Client, Running>();
  readonly #runners = new Map<Config, CommandRunner>();

  constructor(settings: ServerSettings) {
    this.#settings = settings;
  }

  readonly methods: Methods = {
    'command/exec': method(ExecParams, (params, client) => this.#run(params, client)),
    'command/exec/write': method(WriteParams, async ({ processId, deltaBase64, closeStdin }, client) => {
      this.#find(processId, client).write(Buffer.from(deltaBase64 ?? '', 'base64'), closeStdin ?? false);
      return {};
    }),
    'command/exec/resize': method(ResizeParams, async ({ processId, size }, client) => {
      this.#find(processId, client).resize(size);
      return {};
    }),
    'command/exec/terminate': method(OfProcess, async ({ processId }, client) => {
      await this.#find(processId, client).terminate();
      return {};
    }),
  };

  /** Ends every process at once. */
  killProcesses(): void {
    for (const runner of this.#runners.values()) runner.killProcesses();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#runners.values()].map((runner) => runner.close()));
  }

  async #run(params: ExecParams, client: Client): Promise<object> {
    const shape = shapeOf(params);
    const { processId } = shape;
    const own = this.#of(client);
    if (processId !== null && own.byId.has(processId)) {
      throw new MethodError(ErrorCode.invalidRequest, `the process id ${JSON.stringify(processId)} is in use`);
    }
    if (own.count >= MAX_COMMANDS) throw new MethodError(ErrorCode.overloaded, `${MAX_COMMANDS} commands are running`);
    own.count += 1;
    if (processId !== null) own.byId.set(processId, 'starting');
    try {
      const cwd = resolve(this.#settings.context.cwd, params.cwd ?? '');
      const runner = this.#runnerFor(await this.#configFor(cwd));
      const onStart = (command: RunningCommand) => {
        if (processId !== null) own.byId.set(processId, command);
      };
      return await runner.run(params, shape, { cwd, client, onStart });
    } finally {
      own.count -= 1;
      if (processId !== null) own.byId.delete(processId);
    }
  }

  /** The settings of the innermost folder of the clients' that a command runs in; of the server's own, if it runs elsewhere. */
  async #configFor(cwd: string): Promise<Config> {
    const real = realPath(cwd);
    const around = (await this.#settings.configs()).filter((config) => isInside(real, config.cwd));
    const [innermost] = around.sort((a, b) => b.cwd.length - a.cwd.length);
    return innermost ?? (await this.#settings.config());
  }

  #runnerFor(config: Config): CommandRunner {
    const known = this.#runners.get(config);
    if (known !== undefined) return known;
    for (const [earlier, runner] of this.#runners) {
      if (earlier.cwd === config.cwd) void runner.retire();
    }
    const runner = new CommandRunner(config);
    this.#runners.set(config, runner);
    return runner;
  }

  #of(client: Client): Running {
    const known = this.#running.get(client);
    if (known !== undefined) return known;
    const own: Running = { byId: new Map(), count: 0 };
    this.#running.set(client, own);
    return own;
  }

  #find(processId: string, client: Client): RunningCommand {
    const found = this.#of(client).byId.get(processId);
    if (found === undefined || found === 'starting') {
      const state = found === undefined ? 'is not running' : 'is still being started';
      throw new MethodError(ErrorCode.invalidRequest, `the process ${JSON.stringify(processId)} ${state}`);
    }
    return found;
  }
}
