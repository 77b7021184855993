import * as z from 'zod/mini';
import {
  AgentStatusRecord,
  BudgetUsedRecord,
  ElidedOutput,
  ErrorInfo,
  RateLimitSnapshot,
  RefusedContent,
  type ResponseItem,
  type RolloutItem,
  SessionApprovalRecord,
  type StepRecord,
  TokenUsage,
  TokenUsageInfo,
  type TurnContextRecord,
  TurnSetup,
} from '../../foundation/protocol/index.ts';
import type { Rollout } from './read.ts';
import { spentBefore, survivingLines } from './rollback.ts';

/** A line of the journal of a turn that never ended. */
export type OpenTurnLine =
  | { readonly type: 'step'; readonly record: StepRecord }
  | { readonly type: 'item'; readonly stepId: string; readonly item: ResponseItem };

export interface OpenTurn {
  readonly turnId: string;
  readonly lines: readonly OpenTurnLine[];
  /** What it had used of its budget; null: nothing says so. */
  readonly budgetUsed: BudgetUsedRecord | null;
}

/** What happened in a thread, as far as a session needs it to continue. */
export interface ThreadLog {
  /** In order: items, and the places where a compaction put others in the place of all before. */
  readonly history: readonly HistoryEntry[];
  /** The same with what the open turn did, where it is given up and not done again. */
  readonly wholeHistory: readonly HistoryEntry[];
  readonly tokenInfo: TokenUsageInfo | null;
  readonly rateLimits: RateLimitSnapshot | null;
  readonly lastTurnContext: TurnContextRecord | null;
  /** Id of the provider that the newest turn asked; null: it is not recorded. */
  readonly provider: string | null;
  /** The turn that a crash cut off; its items are not in `history`. */
  readonly openTurn: OpenTurn | null;
  readonly turns: readonly LoggedTurn[];
  /** Its subagents in their last state, in the order of their starts. */
  readonly agents: readonly AgentStatusRecord[];
  /** Keys of what the user approved for the session. */
  readonly approved: readonly string[];
  /** Turns whose task has done what it was for, with the error that it met: one that is begun again is not to do it twice. */
  readonly doneTasks: ReadonlyMap<string, ErrorInfo | null>;
}

export type HistoryEntry =
  | { readonly type: 'item'; readonly item: ResponseItem }
  /** The user went back to a snapshot, which is used up with that. */
  | { readonly type: 'undone'; readonly snapshot: string }
  /** What a response reported of the window. */
  | { readonly type: 'usage'; readonly info: TokenUsageInfo }
  | { readonly type: 'elided'; readonly outputs: readonly ElidedOutput[] }
  | { readonly type: 'refused'; readonly refused: RefusedContent }
  /** The totals, rolled-back turns included. */
  | { readonly type: 'spent'; readonly total: TokenUsage }
  /** What subagents used in the turn that was cut off: replaying it does not count that again. */
  | { readonly type: 'childUsage'; readonly usage: TokenUsage; readonly window: number | null }
  | { readonly type: 'compacted'; readonly message: string; readonly replacement: readonly unknown[] | null };

/** One turn's lines, for those who show it. */
export interface LoggedTurn {
  readonly id: string;
  readonly status: 'completed' | 'interrupted' | 'failed' | 'inProgress';
  readonly error: ErrorInfo | null;
  /** In order of recording. */
  readonly entries: readonly TurnEntry[];
}

type TurnEntry =
  | { readonly type: 'item'; readonly item: ResponseItem }
  /** The journaled value of a tool step: what the call emitted while it ran. */
  | { readonly type: 'emitted'; readonly value: unknown }
  /** An item that is in no step or response item. */
  | { readonly type: 'shown'; readonly item: unknown };

interface Draft {
  id: string;
  status: LoggedTurn['status'];
  error: ErrorInfo | null;
  entries: TurnEntry[];
  lines: OpenTurnLine[];
  budgetUsed: BudgetUsedRecord | null;
  /** Whether the file marks where its turns start; the reference's files do not. */
  marked: boolean;
  task: string;
}

interface RecordedOutput {
  readonly response: string;
  readonly callId: string;
  /** Of its call among those of the response. */
  readonly place: number;
  readonly entry: HistoryEntry;
  /** In the history. */
  at: number;
}

/** Reads a thread's log out of its lines; what was rolled back is not in it. */
export function threadLog(rollout: Rollout): ThreadLog {
  const reader = new LogReader(rollout.meta.model_provider ?? null);
  for (const line of survivingLines(rollout.lines)) reader.read(line);
  return reader.finish();
}

class LogReader {
  #history: HistoryEntry[] = [];
  #tokenInfo: TokenUsageInfo | null = null;
  /** As it was when the newest turn started: replaying that turn counts its responses again. */
  #tokenInfoBefore: TokenUsageInfo | null = null;
  /** Where in the history the newest turn started. */
  #turnStartedAt = 0;
  #rateLimits: RateLimitSnapshot | null = null;
  #lastTurnContext: TurnContextRecord | null = null;
  #provider: string | null;
  readonly #turns: Draft[] = [];
  readonly #agents = new Map<string, AgentStatusRecord>();
  readonly #approved = new Set<string>();
  readonly #doneTasks = new Map<string, ErrorInfo | null>();
  /** The outputs of the newest response that has calls. */
  #outputs: RecordedOutput[] = [];

  constructor(provider: string | null) {
    this.#provider = provider;
  }

  read(line: RolloutItem): void {
    switch (line.type) {
      case 'response_item':
        return this.#item(line);
      case 'compacted':
        this.#noteDone(null);
        this.#history.push({
          type: 'compacted',
          message: line.payload.message,
          replacement: line.payload.replacement_history ?? null,
        });
        return;
      case 'turn_context':
        this.#lastTurnContext = line.payload;
        return;
      case 'step':
        return this.#step(line.payload);
      case 'event_msg':
        return this.#event(line.payload);
      case 'session_meta':
      case 'lease':
        return;
    }
  }

  finish(): ThreadLog {
    const open = this.#openTurn();
    const replayed = new Set(open?.lines.map((line) => (line.type === 'item' ? line.item : null)));
    return {
      // Replaying a turn does again what its compactions and counts did.
      history: this.#history.filter((entry, at) => {
        const isReplayed = open !== null && at >= this.#turnStartedAt;
        if (entry.type === 'item') return !replayed.has(entry.item);
        return entry.type === 'childUsage' ? isReplayed : !isReplayed;
      }),
      // What was reported of the window includes the subagents' part.
      wholeHistory: this.#history.filter(({ type }) => type !== 'childUsage'),
      tokenInfo: open ? this.#tokenInfoBefore : this.#tokenInfo,
      rateLimits: this.#rateLimits,
      lastTurnContext: this.#lastTurnContext,
      provider: this.#provider,
      openTurn: open && { turnId: open.id, lines: open.lines, budgetUsed: open.budgetUsed },
      agents: [...this.#agents.values()],
      approved: [...this.#approved],
      doneTasks: this.#doneTasks,
      turns: this.#turns.map((turn) => (turn === open ? turn : { ...turn, status: statusAtEnd(turn) })),
    };
  }

  /** The turn to resume: without an end, and at least the user's request is in the journal. Other tasks are begun again whole. */
  #openTurn(): Draft | null {
    const last = this.#turns.at(-1);
    if (last?.status !== 'inProgress' || last.task !== 'regular') return null;
    return last.lines.some((line) => line.type === 'item') ? last : null;
  }

  #item({ payload: item, turn: turnId, step: stepId }: Extract<RolloutItem, { type: 'response_item' }>): void {
    const entry: HistoryEntry = { type: 'item', item };
    this.#history.push(entry);
    if ('output' in item && stepId !== undefined) this.#inOrder(entry, item.call_id, turnId, stepId);
    const turn = turnId === undefined ? this.#turns.at(-1) : this.#turns.findLast(({ id }) => id === turnId);
    if (turn?.status !== 'inProgress') return;
    turn.entries.push({ type: 'item', item });
    if (stepId !== undefined) turn.lines.push({ type: 'item', stepId, item });
  }

  /** Outputs are written as calls end. Those of calls that share an id answer them in the order of the calls, as they did live. */
  #inOrder(entry: HistoryEntry, callId: string, turnId: string | undefined, stepId: string): void {
    const [, round, place] = /^tool-(\d+)\.(\d+)-/.exec(stepId) ?? [];
    if (round === undefined) return;
    const response = `${turnId} ${round}`;
    this.#outputs = this.#outputs.filter((output) => output.response === response);
    this.#outputs.push({ response, callId, place: Number(place), entry, at: this.#history.length - 1 });
    const same = this.#outputs.filter((output) => output.callId === callId);
    const places = same.map(({ at }) => at).sort((one, other) => one - other);
    same.sort((one, other) => one.place - other.place);
    for (const [index, output] of same.entries()) {
      output.at = places[index] ?? output.at;
      this.#history[output.at] = output.entry;
    }
  }

  #step(record: StepRecord): void {
    const turn = this.#turns.findLast((candidate) => candidate.id === record.turn);
    if (!turn) return;
    turn.lines.push({ type: 'step', record });
    if (record.kind === 'tool' && record.state === 'end') turn.entries.push({ type: 'emitted', value: record.value });
  }

  /**
   * The reference marks its turns nowhere or in later versions only: without marks a user's message starts one. The message
   * itself is in the line before its event, and so at the end of the turn before, if there is one.
   */
  #startUnmarked(text: string): void {
    const said = this.#history.at(-1);
    const before = this.#turns.at(-1);
    const turn = draft(`turn-${this.#turns.length}`, false);
    if (said?.type === 'item' && said.item.type === 'message' && said.item.role === 'user') {
      const last = before?.entries.at(-1);
      if (last?.type === 'item' && last.item === said.item) before?.entries.pop();
      turn.entries.push(said);
    } else {
      turn.entries.push({
        type: 'item',
        item: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] },
      });
    }
    this.#turns.push(turn);
  }

  #noteTokens(info: TokenUsageInfo | null, children: unknown): void {
    if (info === null) return;
    this.#tokenInfo = info;
    this.#history.push({ type: 'usage', info });
    const { data: usage } = TokenUsage.safeParse(children);
    if (usage) this.#history.push({ type: 'childUsage', usage, window: info.model_context_window ?? null });
  }

  #setUp(setup: TurnSetup | undefined): void {
    const last = this.#turns.at(-1);
    if (last && setup) last.task = setup.task;
    this.#provider = setup?.provider ?? this.#provider;
  }

  /** A request of the user is compacted in the middle of its work, and continues. */
  #noteDone(error: ErrorInfo | null): void {
    const last = this.#turns.at(-1);
    if (last?.status === 'inProgress' && last.task !== 'regular') this.#doneTasks.set(last.id, error);
  }

  /** One that was cut off and begun again is one turn, without the steps that came to nothing. */
  #startTurn(id: string): void {
    const last = this.#turns.at(-1);
    const turn = draft(id, true);
    if (last?.id !== id || last.status !== 'inProgress') this.#turns.push(turn);
    else this.#turns[this.#turns.length - 1] = { ...turn, entries: last.entries };
  }

  #event(event: Extract<RolloutItem, { type: 'event_msg' }>['payload']): void {
    const last = this.#turns.at(-1);
    switch (event.type) {
      case 'task_started':
        this.#tokenInfoBefore = this.#tokenInfo;
        this.#turnStartedAt = this.#history.length;
        this.#startTurn(stringOf(event, 'turn_id') ?? `turn-${this.#turns.length}`);
        this.#setUp(TurnSetup.safeParse(event['setup']).data);
        return;
      case 'user_message':
        if (!last?.marked || last.status !== 'inProgress') this.#startUnmarked(stringOf(event, 'message') ?? '');
        return;
      case 'task_complete':
        if (last) last.error = errorOf(event);
        if (last) last.status = last.error ? 'failed' : 'completed';
        return;
      case 'turn_aborted':
        if (last) last.status = 'interrupted';
        return;
      case 'item_completed': {
        const turn = this.#turns.findLast(({ id }) => id === stringOf(event, 'turn_id'));
        turn?.entries.push({ type: 'shown', item: event['item'] });
        return;
      }
      case 'task_done':
        return this.#noteDone(errorOf(event));
      case 'undo_completed': {
        this.#noteDone(null);
        const snapshot = stringOf(event, 'snapshot');
        if (snapshot !== null) this.#history.push({ type: 'undone', snapshot });
        return;
      }
      case 'outputs_elided':
        this.#history.push({ type: 'elided', outputs: elidedOf(event) });
        return;
      case 'content_refused': {
        const { data: refused } = RefusedContent.safeParse(event);
        if (refused) this.#history.push({ type: 'refused', refused });
        return;
      }
      case 'token_count':
        this.#noteTokens(TokenUsageInfo.safeParse(event['info']).data ?? null, event['foreign']);
        this.#rateLimits = RateLimitSnapshot.safeParse(event['rate_limits']).data ?? this.#rateLimits;
        return;
      case 'thread_rolled_back': {
        const total = spentBefore(event);
        if (total !== null) this.#history.push({ type: 'spent', total });
        return;
      }
      case 'agent_status': {
        const { data: agent } = AgentStatusRecord.safeParse(event);
        if (agent) this.#agents.set(agent.agent_id, agent);
        return;
      }
      case 'approved_for_session':
        for (const key of SessionApprovalRecord.safeParse(event).data?.keys ?? []) this.#approved.add(key);
        return;
      case 'budget_used':
        if (last) last.budgetUsed = BudgetUsedRecord.safeParse(event).data ?? last.budgetUsed;
        return;
      default:
        return;
    }
  }
}

/** A turn without an end was cut off, where ends are written at all. */
function statusAtEnd({ status, marked }: Draft): LoggedTurn['status'] {
  if (status !== 'inProgress') return status;
  return marked ? 'interrupted' : 'completed';
}

function draft(id: string, marked: boolean): Draft {
  return { id, status: 'inProgress', error: null, entries: [], lines: [], budgetUsed: null, marked, task: 'regular' };
}

function errorOf(event: Readonly<Record<string, unknown>>): ErrorInfo | null {
  return ErrorInfo.safeParse(event['error']).data ?? null;
}

function elidedOf(event: Readonly<Record<string, unknown>>): readonly ElidedOutput[] {
  return z.array(ElidedOutput).safeParse(event['outputs']).data ?? [];
}

function stringOf(record: Readonly<Record<string, unknown>>, key: string): string | null {
  const value = record[key];
  return typeof value === 'string' ? value : null;
}
