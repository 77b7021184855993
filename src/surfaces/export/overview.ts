import {
  type CacheMiss,
  NO_USAGE,
  type RolloutItem,
  type SessionMeta,
  TokenUsage,
} from '../../foundation/protocol/index.ts';
import { answeredRequest, type ReadLine, rolledBackTurns, TurnMarks } from '../../storage/rollout/index.ts';
import type { Block, TurnStatus } from './blocks.ts';
import { TranscriptWalk } from './walk.ts';

/** Tokens and time of one turn; `usage` null: the record has none. */
export interface TurnFigures {
  readonly number: number;
  readonly status: TurnStatus;
  readonly model: string | null;
  readonly usage: TokenUsage | null;
  /** What its requests cost, US dollars, as recorded then. Null: not known of all, those of subagents included. */
  readonly costUsd: number | null;
  /** Input tokens that the provider's cache could have served and did not, and why. */
  readonly missedTokens: number;
  readonly misses: readonly CacheMiss[];
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** A rollback removed it later: no request after that has it. */
  readonly isTakenBack: boolean;
}

/** The head of a transcript. */
export interface Overview {
  readonly meta: SessionMeta | null;
  /** The user's first message, on one line. */
  readonly title: string;
  readonly models: readonly string[];
  readonly turns: readonly TurnFigures[];
}

type MutableFigures = { -readonly [K in keyof TurnFigures]: TurnFigures[K] };

const MAX_TITLE_CHARS = 120;

/** Reads a record once for its head. Memory grows with the number of turns only. */
export function overviewOf(lines: Iterable<ReadLine>): Overview {
  const reader = new OverviewReader();
  for (const line of lines) reader.read(line);
  return reader.finish();
}

class OverviewReader {
  readonly #walk = new TranscriptWalk();
  #meta: SessionMeta | null = null;
  #title = '';
  readonly #models = new Set<string>();
  readonly #turns: MutableFigures[] = [];
  readonly #marks = new TurnMarks();
  /** The line at which each turn starts. */
  readonly #starts: number[] = [];
  #at = 0;
  #total: TokenUsage = NO_USAGE;
  /** Turns with a request of which no cost is recorded. */
  readonly #unknownCosts = new Set<MutableFigures>();

  read(read: ReadLine): void {
    if (read.type === 'line') this.#line(read.line);
    for (const block of this.#walk.read(read)) this.#block(block);
    this.#at += 1;
  }

  finish(): Overview {
    for (const block of this.#walk.end()) this.#block(block);
    for (const turn of this.#unknownCosts) turn.costUsd = null;
    return { meta: this.#meta, title: this.#title, models: [...this.#models], turns: this.#turns };
  }

  #line(line: RolloutItem): void {
    this.#mark(line);
    const turn = this.#turns.at(-1);
    if (line.type === 'session_meta') this.#meta ??= line.payload;
    if (line.type === 'turn_context') {
      this.#models.add(line.payload.model);
      if (turn) turn.model = line.payload.model;
    }
    if (turn && line.type === 'step') this.#request(turn, line);
    if (line.type !== 'event_msg' || line.payload.type !== 'token_count') return;
    // A subagent's requests are in its own record.
    if (turn && line.payload['foreign'] !== undefined) this.#unknownCosts.add(turn);
    const total = totalOf(line.payload);
    if (total === null) return;
    // The record has the thread's totals, some more than once: a turn's usage is their growth.
    if (turn) turn.usage = grown(turn.usage ?? NO_USAGE, this.#total, total);
    this.#total = total;
  }

  #request(turn: MutableFigures, line: RolloutItem): void {
    const request = answeredRequest(line)?.request;
    if (request === undefined) return;
    const { costUsd, cacheMiss, missedTokens } = request;
    if (costUsd === null) this.#unknownCosts.add(turn);
    else turn.costUsd = (turn.costUsd ?? 0) + costUsd;
    turn.missedTokens += missedTokens;
    if (cacheMiss !== null && missedTokens > 0) turn.misses = [...new Set([...turn.misses, cacheMiss])];
  }

  #mark(line: RolloutItem): void {
    const taken = rolledBackTurns(line);
    if (taken === null) return this.#marks.read(line, this.#at);
    const from = this.#marks.dropTurns(taken);
    if (from === null) return;
    for (const [index, turn] of this.#turns.entries()) turn.isTakenBack ||= (this.#starts[index] ?? 0) >= from;
  }

  #block(block: Block): void {
    if (block.type === 'turnStarted') {
      // A thread's first context is recorded before its first turn.
      const [model = null] = this.#turns.length === 0 ? this.#models : [];
      this.#turns.push({ ...newTurn, model, number: block.number, startedAt: block.at });
      this.#starts.push(this.#at);
    }
    const turn = this.#turns.at(-1);
    if (block.type === 'turnEnded' && turn) {
      turn.status = block.status;
      turn.endedAt = block.at;
    }
    if (this.#title !== '' || block.type !== 'item' || block.item.type !== 'userMessage') return;
    const said = block.item.content.map((part) => (part.type === 'text' ? part.text : '')).join(' ');
    this.#title = oneLine(said);
  }
}

const newTurn = {
  status: 'unfinished',
  model: null,
  usage: null,
  costUsd: null,
  missedTokens: 0,
  misses: [],
  startedAt: null,
  endedAt: null,
  isTakenBack: false,
} as const;

function oneLine(text: string): string {
  const line = text
    .slice(0, 10 * MAX_TITLE_CHARS)
    .replaceAll(/\s+/g, ' ')
    .trim();
  return line.length > MAX_TITLE_CHARS ? `${line.slice(0, MAX_TITLE_CHARS - 1)}…` : line;
}

function totalOf(payload: Extract<RolloutItem, { type: 'event_msg' }>['payload']): TokenUsage | null {
  const info = 'info' in payload ? payload.info : null;
  if (typeof info !== 'object' || info === null || !('total_token_usage' in info)) return null;
  return TokenUsage.safeParse(info.total_token_usage).data ?? null;
}

/** A total that fell was reset (the provider reported a full window) and counts nothing. */
function grown(sum: TokenUsage, before: TokenUsage, after: TokenUsage): TokenUsage {
  const more = (key: keyof TokenUsage) => sum[key] + Math.max(0, after[key] - before[key]);
  return {
    input_tokens: more('input_tokens'),
    cached_input_tokens: more('cached_input_tokens'),
    output_tokens: more('output_tokens'),
    reasoning_output_tokens: more('reasoning_output_tokens'),
    total_tokens: more('total_tokens'),
  };
}
