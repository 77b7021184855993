import { StringDecoder } from 'node:string_decoder';
import type { SandboxPolicy } from '../../../foundation/protocol/index.ts';
import { type CommandEnd, type Processes, runCommand } from '../../../system/process/index.ts';
import type { SandboxPlanner } from '../../../system/sandbox/index.ts';
import { type HookEnd, readAnswer } from '../answers/answer.ts';
import type { Hook } from '../hook.ts';

/** Most that is kept of each output stream of a hook, bytes. More is read and dropped, and the answer counts as truncated. */
const MAX_STREAM_BYTES = 256 * 1024;

/** Where and how the hooks of one event run. */
export interface HookPlace {
  /** The turn's working directory, absolute. A project's hook runs in the project's folder. */
  readonly cwd: string;
  readonly policy: SandboxPolicy;
  /** Without secrets. */
  readonly env: Readonly<Record<string, string>>;
  /** A shell that takes `-c`. */
  readonly shell: string;
  readonly scopeOf: (hook: Hook) => HookScope;
}

/** Whether a hook runs in the sandbox of the session's commands. `reason` finishes the sentence "the hook failed: ...". */
export type HookScope =
  | { readonly type: 'sandboxed' }
  /** `searchPath`: the PATH without directories in which commands may write. */
  | { readonly type: 'unsandboxed'; readonly searchPath: string }
  | { readonly type: 'refused'; readonly reason: string };

export interface HookRunDeps {
  readonly planner: Pick<SandboxPlanner, 'ready' | 'plan' | 'track'>;
  readonly processes: Processes;
}

/** Runs one hook to its end or its time limit, in the sandbox of the session's commands, with its input on standard input. */
export async function runHook(
  hook: Hook,
  input: string,
  { place, deps, signal }: { readonly place: HookPlace; readonly deps: HookRunDeps; readonly signal: AbortSignal },
): Promise<HookEnd> {
  const { policy, shell, env } = place;
  const { planner, processes } = deps;
  const failed = (reason: string): HookEnd => ({ type: 'failed', reason });
  const scope = place.scopeOf(hook);
  if (scope.type === 'refused') return failed(scope.reason);
  if (scope.type === 'sandboxed' && policy.mode !== 'danger-full-access') await planner.ready(signal);
  const cwd = hook.project ?? place.cwd;
  const { plugin } = hook;
  const own = plugin === null ? env : { ...env, KEEL_PLUGIN_ROOT: plugin, CLAUDE_PLUGIN_ROOT: plugin };
  const planned = planner.plan({
    spec: {
      argv: [shell, '-c', hook.command],
      cwd,
      env: scope.type === 'unsandboxed' ? { ...own, PATH: scope.searchPath } : own,
    },
    policy,
    cwd: place.cwd,
    scope: scope.type,
  });
  if (planned.type === 'unavailable') return failed(planned.reason);
  const release = planner.track(planned.plan);
  const stdout = new KeptText();
  const stderr = new KeptText();
  const outcome = await runCommand(planned.plan.spawn, {
    processes,
    timeoutMs: hook.timeoutMs,
    signal,
    input,
    onText: () => undefined,
    onChunk: (chunk, stream) => (stream === 'stdout' ? stdout : stderr).append(chunk),
    spill: null,
  }).finally(release);
  const { end } = outcome;
  if (end.type === 'aborted') return { type: 'interrupted' };
  if (end.type !== 'exited') return failed(endText(end, hook));
  if (stdout.isTruncated) return failed(`it printed more than ${MAX_STREAM_BYTES} bytes`);
  return readAnswer(hook.event, { exitCode: end.exitCode, stdout: stdout.text, stderr: stderr.text });
}

function endText(end: Exclude<CommandEnd, { type: 'exited' | 'aborted' }>, { timeoutMs }: Hook): string {
  switch (end.type) {
    case 'signalled':
      return `it was ended by ${end.signal}`;
    case 'timedOut':
      return `it took longer than ${timeoutMs / 1_000} s`;
    case 'spawnFailed':
      return end.message;
  }
}

/** The start of a stream. */
class KeptText {
  readonly #decoder = new StringDecoder('utf8');
  #text = '';
  #bytes = 0;

  get isTruncated(): boolean {
    return this.#bytes > MAX_STREAM_BYTES;
  }

  append(chunk: Buffer): void {
    const room = Math.max(0, MAX_STREAM_BYTES - this.#bytes);
    this.#bytes += chunk.length;
    this.#text += this.#decoder.write(chunk.subarray(0, room));
  }

  get text(): string {
    return this.#text;
  }
}
