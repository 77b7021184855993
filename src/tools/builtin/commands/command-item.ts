import type { CommandAction, ThreadItemOf } from '../../../foundation/protocol/index.ts';
import type { ToolContext } from '../../contract/index.ts';
import { DeltaStream } from './delta-stream.ts';

export interface CommandIdentity {
  readonly callId: string;
  /** As a person would type it. */
  readonly command: string;
  readonly cwd: string;
  /** Absent: nothing is said of what it does. */
  readonly commandActions?: readonly CommandAction[];
  /** Of the session it belongs to. */
  readonly processId?: string;
}

type Ending = Pick<
  ThreadItemOf<'commandExecution'>,
  'status' | 'aggregatedOutput' | 'exitCode' | 'durationMs' | 'processId'
>;

/** A command as people see it: told as begun, with its live output, and as ended exactly once. */
export class CommandItem {
  readonly #item: ThreadItemOf<'commandExecution'>;
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

  readonly onText = (text: string): void => this.#deltas.push(text);

  complete(ending: Partial<Ending>): void {
    this.#deltas.close();
    const durationMs = ending.durationMs === undefined ? null : roundedOrNull(ending.durationMs);
    this.#context.events.itemCompleted({ ...this.#item, ...ending, durationMs });
  }

  /** It did not run: refused, or it could not be started. */
  completeUnrun(status: 'declined' | 'failed', message: string, exitCode = -1): void {
    this.complete({ status, aggregatedOutput: message, exitCode });
  }
}

function roundedOrNull(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms);
}
