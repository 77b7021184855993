import { type ReplayedRequest, ReplayedThread, type ReplayedTurn } from '../../engine/session/index.ts';
import type { TurnOutcome } from '../../engine/turn/index.ts';
import {
  KeelError,
  type ResponseItem,
  type RolloutItem,
  type TurnContextRecord,
} from '../../foundation/protocol/index.ts';
import type { DigestKind } from '../../foundation/util/index.ts';
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
  /** The item before came from the model: another one belongs to the same response. */
  #isWithinResponse = false;
  #texts: Map<string, string> | null = null;

  constructor(rollout: Rollout) {
    this.#rollout = rollout;
    this.#notes = [...rollout.warnings];
    this.#check = new RequestCheck(
      (difference) => this.#differences.push(difference),
      (digest) => this.#textOf(digest),
    );
    this.#thread = new ReplayedThread(
      { threadId: rollout.meta.id, digests: digestsOf(rollout) },
      {
        onRequest: (request: ReplayedRequest) => this.#check.request(request),
        onReplaced: () => this.#check.restart(),
        onRepair: (what) => this.#notes.push(`the conversation had to be repaired: ${what}`),
      },
    );
  }

  async run(): Promise<ReplayReport> {
    const { lines, meta, path } = this.#rollout;
    for (const [at, line] of lines.entries()) await this.#line(line, at);
    await this.#finish({ type: 'unfinished' }, lines.length);
    this.#checkPairs();
    const { compared, all } = this.#check;
    if (compared < all) {
      this.#notes.push(
        `${all - compared} of ${all} requests were recorded without a fingerprint: only that each extends the one before is known`,
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
      this.#check.beginTurn({ number: this.#turns, asked: [], hasExternalTools: false });
      this.#check.all += 1;
      this.#check.checkExtends(this.#thread.prompt);
    }
    this.#isWithinResponse = isOfModel;
    this.#thread.record([item]);
  }

  /** A compaction, or pruned outputs. What a turn's own steps rewrote is rewritten again by them. */
  #rewritten(at: number): void {
    if (this.#turn && this.#turn.lines.length > 0) this.#turn.isRewriteOpen = true;
    else this.#rebuild(at + 1);
  }

  /** Rebuilds the conversation from the first `count` lines. */
  #rebuild(count: number): void {
    this.#thread.rebuild(this.#rollout.lines.slice(0, count));
    this.#check.restart();
    this.#isWithinResponse = false;
  }

  /** `at`: the number of lines before the one that ends the turn. */
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
      // The turn was cut off before its first request: there is nothing to compare.
      this.#thread.record(turn.lines.flatMap((line) => (line.type === 'item' ? [line.item] : [])));
      return;
    }
    const { id: turnId, number, setup, lines, asked } = turn;
    const recorded = {
      digests: digestsOf(this.#rollout),
      turnId,
      setup,
      context,
      lines,
    };
    const external = this.#thread.foreignTools(setup?.tools ?? []);
    if (external.length > 0)
      this.#notes.push(
        `turn ${number} had tools that do not come with keel; they are not compared: ${external.join(', ')}`,
      );
    if (turn.hasOtherSettings)
      this.#notes.push(`turn ${number} continued after a crash with other settings than it started with`);
    this.#check.beginTurn({ number, asked, hasExternalTools: external.length > 0 });
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
    // A failure may have cut off a step that had started, but no other one.
    if (wanted !== null && end.type === 'failed' && turn.hasStarted(wanted)) return;
    if (wanted !== null) {
      const message = `the turn continues with the step ${wanted}; in the record it ends`;
      this.#differences.push({ type: 'steps', turn: number, message });
      return;
    }
    if (left.length > 0) {
      const message = `the turn ends; in the record it continues with the step ${left[0]}`;
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

  /** In the last prompt each call is followed by its output, and no output lacks its call. */
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
    this.#texts ??= textsOf(this.#rollout);
    return this.#texts.get(digest) ?? null;
  }
}

/** Earlier versions recorded a turn that its budget ended as completed. */
function isBudgetEnd(outcome: TurnOutcome): boolean {
  return outcome.type === 'failed' && outcome.error.kind === 'budgetExceeded';
}

function digestsOf({ meta }: Rollout): DigestKind {
  return meta.digests ?? 'sha256';
}

function textsOf(rollout: Rollout): Map<string, string> {
  const texts = new Map<string, string>();
  for (const line of rollout.lines) {
    if (line.type !== 'response_item') continue;
    const text = itemJson(line.payload, { withIds: false, withImages: true, ...thinkerOf(line.payload) });
    if (text !== null) texts.set(digestOf(digestsOf(rollout), text), text);
  }
  return texts;
}

/** The model that an item came from, for items that go back to no other one. */
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
