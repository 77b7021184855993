import type { ThreadItem, TokenUsage } from '../../../foundation/protocol/index.ts';
import { assertNever } from '../../../foundation/util/index.ts';
import type { NotDone } from '../not-done.ts';
import { droppedMessage, type ProgramPrinter, type RunEvent, type RunResult } from '../printer.ts';
import { type Json, jsonlBodies } from './jsonl-items.ts';

/**
 * Prints the events of a run as the JSONL that the published SDK and scripts read: one object a line, types and member
 * names in snake_case, items numbered `item_0`, `item_1`, ... in order of their first appearance in the thread.
 */
export class JsonlPrinter implements ProgramPrinter {
  readonly #write: (line: string) => void;
  readonly #ids = new Map<string, string>();
  #nextId = 0;
  #usage: TokenUsage | null = null;
  /** US dollars; null: not known. */
  #cost: number | null = null;
  #hasTurn = false;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  print(event: RunEvent): void {
    switch (event.type) {
      case 'thread.started':
        // Numbers continue in a resumed thread, so that an id names one item of the whole thread.
        for (const turn of event.turns) for (const item of turn.items) this.#nextId += jsonlBodies(item).length;
        return this.#line({ type: 'thread.started', thread_id: event.threadId });
      case 'turn.started':
        this.#hasTurn = true;
        return this.#line({ type: 'turn.started' });
      case 'item.started':
        return this.#started(event.item);
      case 'item.updated':
        return this.#updated(event.item);
      case 'item.completed':
        return this.#completed(event.item);
      case 'usage.updated':
        this.#usage = event.info?.total_token_usage ?? this.#usage;
        if (event.costUsd !== undefined) this.#cost = event.costUsd;
        return;
      case 'warning':
        return this.#item('item.completed', this.#freshId(), { type: 'error', message: event.message });
      case 'error':
        return this.#line({ type: 'error', message: event.error.message });
      case 'events.lost':
        return this.#item('item.completed', this.#freshId(), {
          type: 'error',
          message: `${event.dropped} events were lost: this output was read too slowly`,
        });
      case 'submissions.dropped':
        return this.#item('item.completed', this.#freshId(), { type: 'error', message: droppedMessage(event) });
      case 'thread.rolledBack':
      case 'item.delta':
      case 'hook.started':
      case 'hook.completed':
      case 'turn.diff':
      case 'approval.requested':
      case 'approval.resolved':
      case 'elicitation.completed':
      case 'rawItem.recorded':
      case 'historyEntry.answered':
      case 'submission.joined':
      case 'thread.closed':
        return;
      default:
        return assertNever(event, 'event');
    }
  }

  endEarly(): void {
    if (this.#hasTurn) this.printFailure('the turn was interrupted');
  }

  /** Prints a failure outside of the turn, as the last line in place of the turn's end. */
  printFailure(message: string): void {
    this.#line({ type: 'turn.failed', error: { message } });
  }

  async end({ turn, notDone, isUnwritten }: RunResult): Promise<void> {
    // The failure is the last line, in place of the turn's end.
    if (isUnwritten) return;
    const open = notDone === null ? {} : { not_done: notDoneJson(notDone) };
    if (turn.status === 'completed') {
      const { input_tokens = 0, cached_input_tokens = 0, output_tokens = 0 } = this.#usage ?? {};
      return this.#line({
        type: 'turn.completed',
        usage: { input_tokens, cached_input_tokens, output_tokens },
        ...(this.#cost === null ? {} : { cost_usd: this.#cost }),
        ...open,
      });
    }
    const message = turn.error?.message ?? 'the turn was interrupted';
    this.#line({ type: 'turn.failed', error: { message }, ...open });
  }

  #started(item: ThreadItem): void {
    if (!hasStart(item)) return;
    for (const body of jsonlBodies(item)) this.#item('item.started', this.#idOf(item.id), body);
  }

  #updated(item: ThreadItem): void {
    if (item.type !== 'plan') return;
    for (const body of jsonlBodies(item)) this.#item('item.updated', this.#idOf(item.id), body);
  }

  #completed(item: ThreadItem): void {
    for (const body of jsonlBodies(item)) {
      this.#item('item.completed', hasStart(item) ? this.#idOf(item.id) : this.#freshId(), body);
    }
    this.#ids.delete(item.id);
  }

  #item(type: string, id: string, body: Json): void {
    this.#line({ type, item: { id, ...body } });
  }

  #idOf(itemId: string): string {
    const known = this.#ids.get(itemId);
    if (known !== undefined) return known;
    const id = this.#freshId();
    this.#ids.set(itemId, id);
    return id;
  }

  #freshId(): string {
    const id = `item_${this.#nextId}`;
    this.#nextId += 1;
    return id;
  }

  #line(value: Json): void {
    this.#write(jsonLine(value));
  }
}

/** What a turn leaves undone, for programs. */
export function notDoneJson({ messages, changes, calls }: NotDone): Json {
  return { message: messages.join(' '), changes, calls };
}

/** Half of a surrogate pair, which `JSON.stringify` writes as an escape that many readers refuse; an escaped backslash is not one. */
const LONE_SURROGATE = /(\\\\)|\\ud[89a-f][0-9a-f]{2}/gi;

/** A value on a line of its own. */
export function jsonLine(value: Json): string {
  const text = JSON.stringify(value).replaceAll(LONE_SURROGATE, (_match, backslash?: string) => backslash ?? '\\ufffd');
  return `${text}\n`;
}

/** Kinds whose start is printed too, under the same id. */
function hasStart({ type }: ThreadItem): boolean {
  return type === 'commandExecution' || type === 'mcpToolCall' || type === 'plan' || type === 'collabAgentToolCall';
}
