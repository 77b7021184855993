import { NO_USAGE, type TokenUsage, type TokenUsageInfo } from '../../../foundation/protocol/index.ts';
import type { ProgramPrinter, RunEvent, RunResult } from '../printer.ts';
import type { Json } from './jsonl-items.ts';
import { jsonLine, notDoneJson } from './jsonl-printer.ts';

/** Prints a run as one JSON object when it has ended: the final text, what it cost, and the thread to continue. */
export class ResultPrinter implements ProgramPrinter {
  readonly #write: (line: string) => void;
  readonly #now: () => number;
  readonly #startedAt: number;
  #thread: { readonly id: string; readonly model: string } | null = null;
  #responses = 0;
  /** Usage of the thread before this run; null: no response of this run is in yet. */
  #before: TokenUsage | null = null;
  #total: TokenUsage | null = null;
  /** US dollars; null: not known. */
  #cost: number | null = null;

  /** `now`: milliseconds of any clock. */
  constructor(write: (line: string) => void, now: () => number) {
    this.#write = write;
    this.#now = now;
    this.#startedAt = now();
  }

  print(event: RunEvent): void {
    if (event.type === 'thread.started') this.#thread = { id: event.threadId, model: event.model };
    if (event.type !== 'usage.updated') return;
    if (event.costUsd !== undefined) this.#cost = event.costUsd;
    if (event.info !== null) this.#noteUsage(event.info);
  }

  async end({ turn, message, notDone, isUnwritten }: RunResult): Promise<void> {
    // The failure to write the file is the result.
    if (isUnwritten) return;
    const open = notDone === null ? {} : { not_done: notDoneJson(notDone) };
    const error = turn.status === 'completed' ? null : (turn.error?.message ?? 'the turn was interrupted');
    this.#print(turn.status, message, { ...(error === null ? {} : { error: { message: error } }), ...open });
  }

  endEarly(): void {
    this.#print('interrupted', null, { error: { message: 'the run was stopped before its turn started' } });
  }

  printFailure(message: string): void {
    this.#print('failed', null, { error: { message } });
  }

  #noteUsage({ total_token_usage: total, last_token_usage: last }: TokenUsageInfo): void {
    this.#responses += 1;
    this.#before ??= minus(total, last);
    this.#total = total;
  }

  #print(status: string, text: string | null, more: Json): void {
    const usage = this.#total === null ? NO_USAGE : minus(this.#total, this.#before ?? NO_USAGE);
    const { input_tokens, cached_input_tokens, output_tokens, reasoning_output_tokens } = usage;
    const line = jsonLine({
      type: 'result',
      status,
      text,
      thread_id: this.#thread?.id ?? null,
      model: this.#thread?.model ?? null,
      responses: this.#responses,
      usage: { input_tokens, cached_input_tokens, output_tokens, reasoning_output_tokens },
      cost_usd: this.#cost,
      duration_ms: Math.round(this.#now() - this.#startedAt),
      ...more,
    });
    this.#write(line);
  }
}

function minus(a: TokenUsage, b: TokenUsage): TokenUsage {
  return {
    input_tokens: a.input_tokens - b.input_tokens,
    cached_input_tokens: a.cached_input_tokens - b.cached_input_tokens,
    output_tokens: a.output_tokens - b.output_tokens,
    reasoning_output_tokens: a.reasoning_output_tokens - b.reasoning_output_tokens,
    total_tokens: a.total_tokens - b.total_tokens,
  };
}
