import type { CommandAction, ThreadItemOf } from '../../../foundation/protocol/index.ts';
import type { ExecPlan } from '../../../system/sandbox/index.ts';
import type { ToolContext } from '../../contract/index.ts';
import { DeltaStream } from './delta-stream.ts';

export interface CommandIdentity {
  readonly callId: string;
  /** As a person would type it. */
  readonly command: string;
  readonly cwd: string;
  /** What the command does, for people; absent: unknown. */
  readonly commandActions?: readonly CommandAction[];
  /** Id of the session that the command belongs to. */
  readonly processId?: string;
}

type Ending = Pick<
  ThreadItemOf<'commandExecution'>,
  'status' | 'aggregatedOutput' | 'exitCode' | 'durationMs' | 'processId' | 'reason'
>;

/** A command as people see it: reported as started, with its live output, and as ended exactly once. */
export class CommandItem {
  #item: ThreadItemOf<'commandExecution'>;
  readonly #context: ToolContext;
  readonly #deltas: DeltaStream;

  constructor({ callId, command, cwd, commandActions = [], processId }: CommandIdentity, context: ToolContext) {
    this.#item = {
      type: 'commandExecution',
      id: callId,
      command,
      cwd,
      processId: processId ?? null,
      source: 'agent',
      status: 'inProgress',
      commandActions: [...commandActions],
      aggregatedOutput: null,
      exitCode: null,
      durationMs: null,
    };
    this.#context = context;
    this.#deltas = new DeltaStream(context.events, callId);
    context.events.itemStarted(this.#item);
  }

  /** It runs now, confined so. */
  runsIn(sandbox: ExecPlan['backend']): void {
    this.#item = { ...this.#item, sandbox };
  }

  readonly onText = (text: string): void => this.#deltas.push(text);

  complete(ending: Partial<Ending>): void {
    this.#deltas.close();
    const durationMs = ending.durationMs === undefined ? null : roundedOrNull(ending.durationMs);
    this.#context.events.itemCompleted({ ...this.#item, ...ending, durationMs });
  }

  /** Completes a command that did not run: it was refused, or could not be started. */
  completeUnrun(status: 'declined' | 'failed', message: string, exitCode = -1): void {
    this.complete({ status, aggregatedOutput: message, exitCode });
  }
}

function roundedOrNull(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms);
}
