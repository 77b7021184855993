import { type ReplayedRequest, ReplayedThread, type ReplayedTurn } from '../../engine/session/index.ts';
import type { TurnOutcome } from '../../engine/turn/index.ts';
import {
  KeelError,
  type ResponseItem,
  type RolloutItem,
  type TurnContextRecord,
} from '../../foundation/protocol/index.ts';
import { digestOf } from '../../models/client/index.ts';
import { itemJson } from '../../models/wires/responses/index.ts';
import { type Rollout, readRollout, rolledBackTurns } from '../../storage/rollout/index.ts';
import { type TurnEnd, TurnLines, turnEnd } from './recorded-turn.ts';
import type { Difference, ReplayReport } from './report.ts';
import { RequestCheck } from './request-check.ts';

/**
 * Runs a recorded thread again with the recorded results, and compares what keel would send now with what it sent then.
 * Nothing is executed, sent or written.
 * @throws KeelError `rolloutCorrupt` if the record can't be read
 */
export async function replayThread(path: string): Promise<ReplayReport> {
  return new Replay(readRollout(path)).run();
}

class Replay {
  readonly #rollout: Rollout;
  readonly #differences: Difference[] = [];
  readonly #notes: string[];
  readonly #check: RequestCheck;
  readonly #thread: ReplayedThread;
  #turn: TurnLines | null = null;
  #turns = 0;
  #run = 0;
  #context: TurnContextRecord | null = null;
  /** The item before was the model's: what follows of it belongs to the same response. */
  #isWithinResponse = false;
  #texts: Map<string, string> | null = null;

  constructor(rollout: Rollout) {
    this.#rollout = rollout;
    this.#notes = [...rollout.warnings];
    this.#check = new RequestCheck(
      (difference) => this.#differences.push(difference),
      (digest) => this.#textOf(digest),
    );
    this.#thread = new ReplayedThread(rollout.meta.id, {
      onRequest: (request: ReplayedRequest) => this.#check.request(request),
      onReplaced: () => this.#check.restart(),
      onRepair: (what) => this.#notes.push(`the conversation had to be repaired: ${what}`),
    });
  }

  async run(): Promise<ReplayReport> {
    const { lines, meta, path } = this.#rollout;
    for (const [at, line] of lines.entries()) await this.#line(line, at);
    await this.#finish({ type: 'unfinished' }, lines.length);
    this.#checkPairs();
    const { compared, all } = this.#check;
    if (compared < all) {
      this.#notes.push(
        `${all - compared} of ${all} requests were recorded without a fingerprint: it is only known that each goes on from the one before`,
      );
    }
    return {
      thread: meta.id,
      path,
      same: this.#differences.length === 0,
      turns: { run: this.#run, all: this.#turns },
      requests: { compared, all },
      differences: this.#differences,
      notes: this.#notes,
    };
  }

  async #line(line: RolloutItem, at: number): Promise<void> {
    if (this.#turn?.take(line)) return;
    switch (line.type) {
      case 'response_item':
        return this.#item(line.payload);
      case 'turn_context':
        this.#context = line.payload;
        this.#turn?.noteContext(line.payload);
        return;
      case 'compacted':
        return this.#rewritten(at);
      case 'event_msg':
        return this.#event(line, at);
      default:
        return;
    }
  }

  async #event(line: Extract<RolloutItem, { type: 'event_msg' }>, at: number): Promise<void> {
    const end = turnEnd(line);
    if (end !== null) return this.#finish(end, at);
    if (line.payload.type === 'outputs_elided' || line.payload.type === 'content_refused') return this.#rewritten(at);
    if (rolledBackTurns(line) !== null) {
      await this.#finish({ type: 'unfinished' }, at);
      return this.#rebuild(at + 1);
    }
    if (line.payload.type === 'task_started') {
      await this.#finish({ type: 'unfinished' }, at);
      this.#turns += 1;
      this.#turn = new TurnLines(line.payload, this.#turns);
    } else if (line.payload.type === 'user_message' && this.#turn === null) this.#turns += 1;
  }

  #item(item: ResponseItem): void {
    if (this.#turn && this.#turn.lines.length > 0) {
      this.#turn.later.push(item);
      return;
    }
    const isOfModel = isModelItem(item);
    if (isOfModel && !this.#isWithinResponse) {
      this.#check.beginTurn({ number: this.#turns, asked: [], hasForeignTools: false });
      this.#check.all += 1;
      this.#check.continues(this.#thread.prompt);
    }
    this.#isWithinResponse = isOfModel;
    this.#thread.record([item]);
  }

  /** A compaction, or outputs that are left out. What a turn's own steps did of it is done again by them. */
  #rewritten(at: number): void {
    if (this.#turn && this.#turn.lines.length > 0) this.#turn.isRewriteOpen = true;
    else this.#rebuild(at + 1);
  }

  /** Takes the conversation from the first `count` lines. */
  #rebuild(count: number): void {
    this.#thread.rebuild(this.#rollout.lines.slice(0, count));
    this.#check.restart();
    this.#isWithinResponse = false;
  }

  /** `at`: how many lines stand before the one that says so. */
  async #finish(end: TurnEnd, at: number): Promise<void> {
    const turn = this.#turn;
    this.#turn = null;
    if (turn === null) return;
    if (turn.lines.length > 0) await this.#runTurn(turn, end);
    if (turn.isRewriteOpen) this.#rebuild(at);
    else this.#thread.record(turn.later);
    this.#isWithinResponse = false;
  }

  async #runTurn(turn: TurnLines, end: TurnEnd): Promise<void> {
    const context = turn.context ?? this.#context;
    if (context === null) {
      // It was cut off before its first request: there is nothing to compare.
      this.#thread.record(turn.lines.flatMap((line) => (line.type === 'item' ? [line.item] : [])));
      return;
    }
    const { id: turnId, number, setup, lines, asked } = turn;
    const recorded = { threadId: this.#rollout.meta.id, turnId, setup, context, lines };
    const foreign = this.#thread.foreignTools(setup?.tools ?? []);
    if (foreign.length > 0)
      this.#notes.push(`turn ${number} had tools of others, which are not compared: ${foreign.join(', ')}`);
    if (turn.hasOtherSettings)
      this.#notes.push(`turn ${number} went on after a crash with other settings than it began with`);
    this.#check.beginTurn({ number, asked, hasForeignTools: foreign.length > 0 });
    this.#run += 1;
    try {
      this.#compareEnd(turn, end, await this.#thread.runTurn(recorded));
    } catch (error) {
      if (!(error instanceof KeelError)) throw error;
      this.#differences.push({ type: 'steps', turn: number, message: error.message });
    }
    this.#check.endTurn();
  }

  #compareEnd(turn: TurnLines, end: TurnEnd, { outcome, wanted, left }: ReplayedTurn): void {
    const { number } = turn;
    if (end.type === 'interrupted' || end.type === 'unfinished') return;
    // A failure may have cut a step off in its middle, but none that had not begun.
    if (wanted !== null && end.type === 'failed' && turn.hasBegun(wanted)) return;
    if (wanted !== null) {
      const message = `the turn goes on with the step ${wanted}; in the record it has ended`;
      this.#differences.push({ type: 'steps', turn: number, message });
      return;
    }
    if (left.length > 0) {
      const message = `the turn ends; in the record it goes on with the step ${left[0]}`;
      this.#differences.push({ type: 'steps', turn: number, message });
    } else if (outcome !== null && outcome.type !== end.type && !isBudgetEnd(outcome)) {
      this.#differences.push({ type: 'outcome', turn: number, was: end.type, now: outcome.type });
    } else if (
      outcome?.type === 'completed' &&
      end.type === 'completed' &&
      outcome.lastAgentMessage !== end.lastMessage
    ) {
      const [was, now] = [end.lastMessage ?? '(none)', outcome.lastAgentMessage ?? '(none)'];
      this.#differences.push({ type: 'outcome', turn: number, was, now });
    }
  }

  /** What would be sent at last holds each call with its output behind it, and no output without its call. */
  #checkPairs(): void {
    const calls = new Set<string>();
    for (const item of this.#thread.prompt) {
      const id = 'call_id' in item ? (item.call_id ?? '') : null;
      if (id === null) continue;
      const isOutput = 'output' in item;
      if (isOutput ? calls.delete(id) : !calls.has(id)) {
        if (!isOutput) calls.add(id);
        continue;
      }
      const message = isOutput ? `the output ${id} answers no call` : `the call ${id} is made twice at once`;
      this.#differences.push({ type: 'form', turn: this.#turns, message });
    }
    for (const id of calls)
      this.#differences.push({ type: 'form', turn: this.#turns, message: `the call ${id} has no output` });
  }

  #textOf(digest: string): string | null {
    this.#texts ??= textsOf(this.#rollout.lines);
    return this.#texts.get(digest) ?? null;
  }
}

/** Earlier versions told a turn that its budget ended as completed. */
function isBudgetEnd(outcome: TurnOutcome): boolean {
  return outcome.type === 'failed' && outcome.error.kind === 'budgetExceeded';
}

function textsOf(lines: readonly RolloutItem[]): Map<string, string> {
  const texts = new Map<string, string>();
  for (const line of lines) {
    if (line.type !== 'response_item') continue;
    const text = itemJson(line.payload, { withIds: false, withImages: true, ...thinkerOf(line.payload) });
    if (text !== null) texts.set(digestOf(text), text);
  }
  return texts;
}

/** What is sent back only to the model that it came from was sent to that one. */
function thinkerOf(item: ResponseItem): { readonly thinker?: { readonly provider: string; readonly model: string } } {
  if (item.type === 'reasoning' && item.origin !== undefined) return { thinker: item.origin };
  return 'extra' in item && item.extra ? { thinker: { provider: item.extra.provider, model: '' } } : {};
}

function isModelItem(item: ResponseItem): boolean {
  switch (item.type) {
    case 'message':
      return item.role === 'assistant';
    case 'function_call_output':
    case 'custom_tool_call_output':
    case 'ghost_snapshot':
      return false;
    default:
      return true;
  }
}
