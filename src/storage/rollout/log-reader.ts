import * as z from 'zod/mini';
import {
  AgentStatusRecord,
  BudgetUsedRecord,
  ElidedOutput,
  ErrorInfo,
  RateLimitSnapshot,
  RefusedContent,
  type RolloutItem,
  SessionApprovalRecord,
  type StepRecord,
  TokenUsage,
  TokenUsageInfo,
  type TurnContextRecord,
  TurnSetup,
} from '../../foundation/protocol/index.ts';
import { OutputOrder } from './output-order.ts';
import type { Rollout } from './read.ts';
import { spentBefore, survivingLines } from './rollback.ts';
import type { HistoryEntry, LoggedTurn, OpenTurnLine, TaskEnd, ThreadLog, TurnEntry, TurnOffer } from './thread-log.ts';

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
  setup: TurnSetup | null;
}

/** Reads a thread's log out of its lines; what was rolled back is not in it. */
export function threadLog(rollout: Rollout): ThreadLog {
  const reader = new LogReader(rollout.meta.model_provider ?? null);
  for (const line of survivingLines(rollout.lines)) reader.read(line);
  return reader.finish();
}

const COMPLETED: TaskEnd = { type: 'completed' };

class LogReader {
  readonly #history: HistoryEntry[] = [];
  #tokenInfo: TokenUsageInfo | null = null;
  /** Usage when the newest turn started: replaying that turn counts its responses again. */
  #tokenInfoBefore: TokenUsageInfo | null = null;
  /** Where in the history the newest turn started. */
  #turnStartedAt = 0;
  #rateLimits: RateLimitSnapshot | null = null;
  #lastTurnContext: TurnContextRecord | null = null;
  #provider: string | null;
  readonly #turns: Draft[] = [];
  readonly #agents = new Map<string, AgentStatusRecord>();
  readonly #approved = new Set<string>();
  readonly #doneTasks = new Map<string, { readonly end: TaskEnd; readonly lines: OpenTurnLine[] }>();
  readonly #outputs = new OutputOrder();

  constructor(provider: string | null) {
    this.#provider = provider;
  }

  read(line: RolloutItem): void {
    switch (line.type) {
      case 'response_item':
        return this.#item(line);
      case 'compacted':
        this.#noteDone(COMPLETED);
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
    // What was reported of the window includes the subagents' part.
    const wholeHistory = this.#history.filter(({ type }) => type !== 'childUsage');
    return {
      history: open === null ? wholeHistory : this.#historyBefore(open),
      wholeHistory,
      tokenInfo: open ? this.#tokenInfoBefore : this.#tokenInfo,
      rateLimits: this.#rateLimits,
      lastTurnContext: this.#lastTurnContext,
      provider: this.#provider,
      openTurn: open && {
        ...{ turnId: open.id, lines: open.lines, budgetUsed: open.budgetUsed },
        offer: this.#lastTurnContext?.turn_id === open.id ? offerOf(open) : null,
      },
      agents: [...this.#agents.values()],
      approved: [...this.#approved],
      doneTasks: this.#doneTasks,
      turns: this.#turns.map((turn) => (turn === open ? turn : { ...turn, status: statusAtEnd(turn) })),
    };
  }

  /** Replaying a turn does again what its compactions and counts did. */
  #historyBefore({ lines }: Draft): HistoryEntry[] {
    const replayed = new Set(lines.map((line) => (line.type === 'item' ? line.item : null)));
    return this.#history.filter((entry, at) => {
      const isReplayed = at >= this.#turnStartedAt;
      if (entry.type === 'item') return !replayed.has(entry.item);
      return entry.type === 'childUsage' ? isReplayed : !isReplayed;
    });
  }

  /** The turn to resume: without an end, and at least the user's request is in the journal. Other tasks are begun again whole. */
  #openTurn(): Draft | null {
    const last = this.#turns.at(-1);
    if (last?.status !== 'inProgress' || last.task !== 'regular') return null;
    return last.lines.some((line) => line.type === 'item') ? last : null;
  }

  #item({ payload: item, turn: turnId, step: stepId }: Extract<RolloutItem, { type: 'response_item' }>): void {
    const entry = { type: 'item', item } as const;
    this.#history.push(entry);
    if ('output' in item && stepId !== undefined) this.#outputs.settle(this.#history, item.call_id, { turnId, stepId });
    const turn = turnId === undefined ? this.#turns.at(-1) : this.#turns.findLast(({ id }) => id === turnId);
    if (turn?.status !== 'inProgress') return;
    turn.entries.push(entry);
    if (stepId === undefined) return;
    const line = { type: 'item', stepId, item } as const;
    turn.lines.push(line);
    this.#noteAfterDone(turn.id, stepId, line);
  }

  #step(record: StepRecord): void {
    const turn = this.#turns.findLast((candidate) => candidate.id === record.turn);
    if (!turn) return;
    const line = { type: 'step', record } as const;
    turn.lines.push(line);
    this.#noteAfterDone(turn.id, record.id, line);
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
    if (last && setup) {
      last.task = setup.task;
      last.setup = setup;
    }
    this.#provider = setup?.provider ?? this.#provider;
  }

  /** A request of the user is compacted in the middle of its work, and continues. */
  #noteDone(end: TaskEnd): void {
    const last = this.#turns.at(-1);
    if (last?.status === 'inProgress' && last.task !== 'regular') this.#doneTasks.set(last.id, { end, lines: [] });
  }

  /** A step in which the task did what it was for ends only after that, and is none of these. */
  #noteAfterDone(turnId: string, stepId: string, line: OpenTurnLine): void {
    const lines = this.#doneTasks.get(turnId)?.lines;
    const begins = line.type === 'step' && line.record.state === 'begin';
    if (begins || lines?.some((one) => one.type === 'step' && one.record.id === stepId)) lines?.push(line);
  }

  /** A turn that has its end is not begun again: another one can have its id. */
  #ended(turn: Draft | undefined): void {
    if (turn) this.#doneTasks.delete(turn.id);
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
        if (event['setup'] !== undefined) this.#setUp(TurnSetup.safeParse(event['setup']).data);
        return;
      case 'user_message':
        if (!last?.marked || last.status !== 'inProgress') this.#startUnmarked(stringOf(event, 'message') ?? '');
        return;
      case 'task_complete':
        if (last) last.error = errorOf(event);
        if (last) last.status = last.error ? 'failed' : 'completed';
        return this.#ended(last);
      case 'turn_aborted':
        if (last) last.status = 'interrupted';
        return this.#ended(last);
      case 'item_completed': {
        const turn = this.#turns.findLast(({ id }) => id === stringOf(event, 'turn_id'));
        turn?.entries.push({ type: 'shown', item: event['item'] });
        return;
      }
      case 'task_done':
        return this.#noteDone(taskEndOf(event));
      case 'undo_completed': {
        this.#noteDone(COMPLETED);
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
  const nothing = { error: null, entries: [], lines: [], budgetUsed: null, setup: null };
  return { id, status: 'inProgress', ...nothing, marked, task: 'regular' };
}

/** Of the model that the turn began with: what another one was offered later is not recorded. */
function offerOf({ setup }: Draft): TurnOffer | null {
  if (setup?.model === undefined) return null;
  const { model, tools, escalation = true, keep_running: keepRunning = false } = setup;
  return { model, tools, escalation, keepRunning };
}

function errorOf(event: Readonly<Record<string, unknown>>): ErrorInfo | null {
  return ErrorInfo.safeParse(event['error']).data ?? null;
}

/** Earlier versions recorded no status: an interrupted task can't be recognised in what they wrote. */
function taskEndOf(event: Readonly<Record<string, unknown>>): TaskEnd {
  const error = errorOf(event);
  if (error !== null) return { type: 'failed', error };
  return event['status'] === 'interrupted' ? { type: 'interrupted' } : COMPLETED;
}

function elidedOf(event: Readonly<Record<string, unknown>>): readonly ElidedOutput[] {
  return z.array(ElidedOutput).safeParse(event['outputs']).data ?? [];
}

function stringOf(record: Readonly<Record<string, unknown>>, key: string): string | null {
  const value = record[key];
  return typeof value === 'string' ? value : null;
}
