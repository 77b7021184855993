import * as z from 'zod/mini';
import { isContextMessage } from '../../context/index.ts';
import { threadItemsOf } from '../../engine/turn/index.ts';
import {
  ApprovalDecision,
  type CallItem,
  ErrorInfo,
  type ResponseItem,
  type RolloutItem,
  type StepRecord,
} from '../../foundation/protocol/index.ts';
import { type ReadLine, rolledBackTurns } from '../../storage/rollout/index.ts';
import type { Block, TurnStatus } from './blocks.ts';
import { contextBlock } from './context-block.ts';
import { decisionLabel } from './labels.ts';
import { callText, outputText, recordedItems } from './recorded-call.ts';

type Line<T extends RolloutItem['type']> = Extract<RolloutItem, { type: T }>;

const FailedEnd = z.object({ type: z.literal('failed'), error: ErrorInfo });

interface WaitingOutput {
  readonly call: CallItem;
  readonly output: string;
}

/**
 * Turns the lines of a rollout, keel's or another tool's, into the blocks of a transcript. Give it each line in order, then
 * call `end`. Its memory is the calls that are running.
 */
export class TranscriptWalk {
  #turns = 0;
  #isOpen = false;
  /** Whether the file marks the start and the end of the open turn. */
  #isMarked = false;
  /** A user's message whose turn has not started: other tools write it before the start of its turn. */
  #waitingMessage: ResponseItem | null = null;
  readonly #calls = new Map<string, CallItem>();
  /** Outputs whose step has not ended yet, by the step. */
  readonly #outputs = new Map<string, WaitingOutput>();
  #lastFailure: string | null = null;
  #unread = 0;
  #lastAt: string | null = null;

  *read(read: ReadLine): Generator<Block> {
    if (read.type === 'unread') {
      this.#unread += 1;
      return;
    }
    const { line, timestamp } = read;
    if (line.type !== 'event_msg') yield* this.#flushMessage();
    switch (line.type) {
      case 'response_item':
        yield* this.#item(line);
        break;
      case 'step':
        yield* this.#step(line.payload);
        break;
      case 'compacted':
        yield { type: 'compacted', handover: line.payload.message };
        break;
      case 'event_msg':
        yield* this.#event(line, timestamp);
        break;
      case 'session_meta':
      case 'turn_context':
      case 'lease':
        break;
    }
    this.#lastAt = timestamp ?? this.#lastAt;
  }

  *end(): Generator<Block> {
    yield* this.#flushMessage();
    yield* this.#endTurn(this.#isMarked ? 'unfinished' : 'completed', null, this.#lastAt);
    if (this.#unread > 0) {
      const what = this.#unread === 1 ? '1 line of the record is' : `${this.#unread} lines of the record are`;
      yield { type: 'note', text: `${what} damaged or of a kind that this version does not know.` };
    }
  }

  *#item({ payload: item, step }: Line<'response_item'>): Generator<Block> {
    switch (item.type) {
      case 'message':
        if (item.role === 'user' && !isContextMessage(item) && !this.#isMarked) this.#waitingMessage = item;
        else yield* message(item);
        return;
      case 'reasoning': {
        const summary = item.summary.map((part) => part.text);
        const content = (item.content ?? []).map((part) => part.text);
        const thought = { type: 'reasoning', id: item.id ?? '', summary, content } as const;
        if (summary.length + content.length > 0) yield { type: 'item', item: thought, output: null };
        return;
      }
      case 'web_search_call':
      case 'image_generation_call': {
        for (const shown of threadItemsOf(item, '')) yield { type: 'item', item: shown, output: null };
        return;
      }
      case 'function_call':
      case 'custom_tool_call':
      case 'local_shell_call':
        this.#calls.set(item.call_id ?? item.id ?? '', item);
        return;
      case 'function_call_output':
      case 'custom_tool_call_output': {
        const call = this.#calls.get(item.call_id);
        if (!call) return;
        this.#calls.delete(item.call_id);
        const waiting = { call, output: outputText(item) };
        if (step === undefined) yield plainCall(waiting);
        else this.#outputs.set(step, waiting);
        return;
      }
      case 'ghost_snapshot':
        return;
    }
  }

  *#step(record: StepRecord): Generator<Block> {
    if (record.state === 'begin') {
      // Another request follows the failed one: the failure did not end the turn.
      if (record.kind === 'sampling' || record.kind === 'compact') yield* this.#failure(' (retried)');
      return;
    }
    const failed = FailedEnd.safeParse(record.value).data;
    if (failed) this.#lastFailure = failed.error.message;
    const decision = record.kind === 'external' ? ApprovalDecision.safeParse(record.value).data : undefined;
    if (decision) yield { type: 'note', text: `Asked about a call. ${decisionLabel(decision)}` };
    if (record.kind !== 'tool') return;
    const waiting = this.#outputs.get(record.id);
    this.#outputs.delete(record.id);
    const items = recordedItems(record.value);
    if (items.length === 0 && waiting) yield plainCall(waiting);
    for (const item of items) yield { type: 'item', item, output: waiting?.output ?? null };
  }

  *#event({ payload }: Line<'event_msg'>, at: string | null): Generator<Block> {
    const taken = rolledBackTurns({ type: 'event_msg', payload });
    if (taken !== null)
      yield { type: 'note', text: `The user rolled back the last ${taken === 1 ? 'turn' : `${taken} turns`}.` };
    switch (payload.type) {
      case 'task_started':
        yield* this.#flushMessage();
        return yield* this.#startTurn(true, at);
      case 'user_message':
        if (!this.#isOpen || !this.#isMarked) yield* this.#startTurn(false, at);
        return yield* this.#flushMessage();
      case 'task_complete': {
        const error = ErrorInfo.safeParse(payload['error']).data ?? null;
        return yield* this.#endTurn(error ? 'failed' : 'completed', error?.message ?? null, at);
      }
      case 'turn_aborted':
        return yield* this.#endTurn('interrupted', null, at);
      case 'undo_completed':
        yield { type: 'note', text: 'The user undid the file changes of a turn.' };
        return;
      case 'outputs_elided': {
        const count = 'outputs' in payload && Array.isArray(payload.outputs) ? payload.outputs.length : 0;
        const what = count === 1 ? 'An old output was' : `${count} old outputs were`;
        yield { type: 'note', text: `${what} left out of what the model sees, to make room.` };
        return;
      }
      case 'content_refused': {
        const what = payload['content'] === 'thoughts' ? 'thoughts' : 'a picture';
        yield {
          type: 'note',
          text: `The provider refused ${what} of the conversation, which the model no longer sees.`,
        };
        return;
      }
      case 'error':
        if (typeof payload['message'] === 'string') yield { type: 'failure', message: payload['message'] };
        return;
    }
  }

  *#startTurn(isMarked: boolean, at: string | null): Generator<Block> {
    yield* this.#endTurn(this.#isMarked ? 'unfinished' : 'completed', null, at);
    this.#turns += 1;
    this.#isOpen = true;
    this.#isMarked = isMarked;
    yield { type: 'turnStarted', number: this.#turns, at };
  }

  *#endTurn(status: TurnStatus, error: string | null, at: string | null): Generator<Block> {
    for (const waiting of this.#outputs.values()) yield plainCall(waiting);
    this.#outputs.clear();
    for (const call of this.#calls.values()) yield { type: 'call', ...callText(call), output: null };
    this.#calls.clear();
    if (error === null) yield* this.#failure();
    this.#lastFailure = null;
    if (this.#isOpen) yield { type: 'turnEnded', number: this.#turns, status, error, at };
    this.#isOpen = false;
    this.#isMarked = false;
  }

  *#failure(then = ''): Generator<Block> {
    if (this.#lastFailure !== null) yield { type: 'failure', message: `${this.#lastFailure}${then}` };
    this.#lastFailure = null;
  }

  *#flushMessage(): Generator<Block> {
    const waiting = this.#waitingMessage;
    this.#waitingMessage = null;
    if (waiting) yield* message(waiting);
  }
}

function* message(item: ResponseItem): Generator<Block> {
  if (item.type !== 'message') return;
  const text = item.content.map((part) => (part.type === 'input_image' ? '' : part.text)).join('');
  if (item.role === 'assistant') {
    yield { type: 'item', item: { type: 'agentMessage', id: item.id ?? '', text }, output: null };
  } else if (item.role !== 'user' || isContextMessage(item)) {
    yield contextBlock(text);
  } else {
    const content = item.content.map((part) =>
      part.type === 'input_image'
        ? ({ type: 'image', url: part.image_url } as const)
        : ({ type: 'text', text: part.text } as const),
    );
    yield { type: 'item', item: { type: 'userMessage', id: item.id ?? '', content }, output: null };
  }
}

function plainCall({ call, output }: WaitingOutput): Block {
  return { type: 'call', ...callText(call), output };
}
