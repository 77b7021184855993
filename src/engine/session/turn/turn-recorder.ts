import { fittedOutput, isShrinkable, type OldOutput, outputsToPrune } from '../../../context/history/index.ts';
import type { TurnContext } from '../../../context/index.ts';
import type {
  BudgetUsedRecord,
  ElidedOutput,
  OutputItem,
  RateLimitSnapshot,
  RefusedContent,
  RequestRecord,
  ResponseItem,
  RolloutItem,
  SessionEvent,
  StepRecord,
  ThreadItem,
  TokenUsage,
} from '../../../foundation/protocol/index.ts';
import { reasonOf } from '../../../foundation/util/index.ts';
import type { TaskEnd } from '../../../storage/rollout/index.ts';
import type { Journal, JournalLine } from '../../steps/index.ts';
import type { HistoryCopy, ResponseUsage, TurnHistory } from '../../turn/index.ts';
import type { Log } from '../log.ts';
import type { SessionState } from '../state.ts';
import type { ThreadRecord } from '../thread/thread-record.ts';
import { historyCopy } from './history-copy.ts';
import { type ItemIds, TurnItemIds } from './item-ids.ts';
import { OpenItems } from './open-items.ts';
import type { RequestMeter } from './ports/request-meter.ts';
import type { Spending } from './request-budget.ts';
import type { TurnWindow } from './turn-window.ts';

export interface TurnRecorderOptions {
  readonly context: TurnContext;
  readonly state: SessionState;
  readonly record: ThreadRecord;
  readonly emit: (event: SessionEvent) => void;
  readonly itemIds: ItemIds;
  readonly window: TurnWindow;
  /** Called with what each response used. */
  readonly spend: (spent: Spending) => void;
  /** What the turn has used of a budget of its own; absent: it has none. */
  readonly budgetUsed?: () => BudgetUsedRecord;
  /** Absent: the turn makes no requests. */
  readonly requests?: Pick<RequestMeter, 'rewritten' | 'costUsd'>;
  readonly log: Pick<Log, 'warn'>;
}

/** The effect of a task that has no steps: what the model is to know of it, and what people see. */
export interface TaskEffect {
  readonly note: ResponseItem;
  readonly item: ThreadItem;
  /** How the task ended, which is recorded with it: the end of its turn comes later. */
  readonly end: TaskEnd;
  /** Lines that belong to it. */
  readonly lines?: readonly RolloutItem[];
}

/** Items of the turn loop that its journal does not have. */
const KEPT: readonly ThreadItem['type'][] = ['contextCompaction', 'budgetExceeded'];

/**
 * The conversation, the journal and the events of one turn. A promise can't be killed, so the recorder is revoked when the
 * turn ends: whatever still runs then records nothing and emits nothing.
 */
export class TurnRecorder implements TurnHistory, Journal {
  readonly #options: TurnRecorderOptions;
  readonly #ids: TurnItemIds;
  readonly #open = new OpenItems();
  /** Ids of items that were recorded before their end was emitted. */
  readonly #keptEarly = new Set<string>();
  #hasPlan = false;
  #isRevoked = false;

  constructor(options: TurnRecorderOptions) {
    this.#options = options;
    this.#ids = new TurnItemIds(options.itemIds);
  }

  get isRevoked(): boolean {
    return this.#isRevoked;
  }

  /** Whether the turn has shown a plan. */
  get hasPlan(): boolean {
    return this.#hasPlan;
  }

  readonly emit = (event: SessionEvent): void => {
    this.#emit(event, event.type === 'item.completed' && KEPT.includes(event.item.type) ? this.#keep : null);
  };

  /** Emits an event of work outside of the turn loop: its finished items are recorded, so that a resumed thread shows them. */
  readonly show = (event: SessionEvent): void => this.#emit(event, this.#keep);

  /**
   * Records and shows the effect of the turn's task, all of it or, if keel dies meanwhile, nothing: a turn with this record that is
   * begun again does nothing more, and ends as this one did.
   */
  finish({ note, item, end, lines = [] }: TaskEffect): void {
    const { record } = this.#options;
    const turnId = this.#turnId;
    this.#emit({ type: 'item.completed', turnId, item }, (shown) => {
      const noted = { type: 'response_item', payload: note } as const;
      const error = end.type === 'failed' ? end.error : null;
      const payload = { type: 'task_done', turn_id: turnId, status: end.type, error };
      record.addLines(...lines, noted, this.#itemLine(shown), { type: 'event_msg', payload });
      record.keepItems([note], turnId);
    });
  }

  warn(message: string): void {
    this.emit({ type: 'warning', turnId: this.#turnId, message });
  }

  /** Completes what is still open, as interrupted if the turn was cut off; then silences the recorder. Call it once. */
  revoke(isCutOff: boolean): void {
    const left = isCutOff ? this.#open.interrupted() : this.#open.plans();
    for (const item of left) this.show({ type: 'item.completed', turnId: this.#turnId, item });
    this.#isRevoked = true;
  }

  /** Silences the recorder at once: what is open stays so, for another process to continue. */
  letGo(): void {
    this.#isRevoked = true;
  }

  append(...lines: readonly JournalLine[]): void {
    if (this.#isRevoked) return;
    const [first] = lines;
    if (first?.type === 'step' && lines.length === 1 && saysNothingAlone(first.record)) {
      this.#options.record.addWithNext({ type: 'step', payload: first.record });
      return;
    }
    this.#options.record.addLines(
      ...lines.map((line) =>
        line.type === 'step'
          ? ({ type: 'step', payload: line.record } as const)
          : ({ type: 'response_item', payload: line.item, turn: this.#turnId, step: line.stepId } as const),
      ),
    );
    // What a response took is recorded once it is known, right behind its step.
    const hasEnd = ({ state, kind }: StepRecord) => state === 'end' && kind !== 'sampling';
    if (lines.some((line) => line.type === 'step' && hasEnd(line.record))) this.recordBudget();
  }

  /** A process that continues the turn has to know what is left of its budget. */
  recordBudget(): void {
    const { budgetUsed, record } = this.#options;
    if (!this.#isRevoked && budgetUsed !== undefined) record.addLines({ type: 'event_msg', payload: budgetUsed() });
  }

  /** Records items of no step. */
  addItems(items: readonly ResponseItem[]): void {
    if (!this.#isRevoked) this.#options.record.addItems(items, this.#turnId);
  }

  record(items: readonly ResponseItem[]): void {
    if (!this.#isRevoked) this.#options.record.keepItems(items, this.#turnId);
  }

  recordContext(): void {
    if (!this.#isRevoked) this.#options.record.addTurnContext(this.#options.context);
  }

  recordPruned(outputs: readonly ElidedOutput[]): void {
    if (this.#isRevoked) return;
    this.#options.record.addLines({ type: 'event_msg', payload: { type: 'outputs_elided', outputs: [...outputs] } });
  }

  prune(outputs: readonly ElidedOutput[]): void {
    if (this.#isRevoked) return;
    this.#history.prune(outputs);
    this.#options.requests?.rewritten('pruned');
  }

  recordRefused(refused: RefusedContent): void {
    if (this.#isRevoked) return;
    this.#options.record.addLines({ type: 'event_msg', payload: { type: 'content_refused', ...refused } });
  }

  takeOut(refused: RefusedContent): void {
    if (this.#isRevoked) return;
    this.#history.takeOut(refused);
    this.#options.requests?.rewritten('contentRefused');
  }

  recordCompaction(summary: string, items: readonly ResponseItem[]): void {
    if (this.#isRevoked) return;
    const payload = { message: summary, replacement_history: [...items] };
    const shown = this.#open
      .compactions()
      .map((item) => this.#ids.named({ type: 'item.completed', turnId: this.#turnId, item }));
    const kept = shown.flatMap((event) => (event.type === 'item.completed' ? [event.item] : []));
    this.#options.record.addLines({ type: 'compacted', payload }, ...kept.map((item) => this.#itemLine(item)));
    for (const { id } of kept) this.#keptEarly.add(id);
  }

  replace(items: readonly ResponseItem[]): void {
    if (this.#isRevoked) return;
    this.#history.replace(items);
    this.#options.requests?.rewritten('compacted');
  }

  forPrompt(): readonly ResponseItem[] {
    return this.#history.forPrompt();
  }

  contextTokens(): number {
    const { contextTokens, measuredTokens } = this.#history;
    return contextTokens + (measuredTokens === 0 ? this.#options.window.overhead : 0);
  }

  measuredTokens(): number {
    return this.#history.measuredTokens;
  }

  copy(): HistoryCopy {
    return historyCopy(this.#history.clone(), this.#options.window);
  }

  outputsToPrune(tokens: number): readonly OldOutput[] | null {
    return outputsToPrune(this.#history.items, tokens);
  }

  canShrink(newest: number): boolean {
    const { items } = this.#history;
    return isShrinkable(items.slice(0, Math.max(0, items.length - newest)), this.#options.window.budget);
  }

  fitted(output: OutputItem): OutputItem {
    return fittedOutput(output, this.#options.window.budget.outputBytes);
  }

  holds(content: RefusedContent['content']): boolean {
    return this.#history.holds(content);
  }

  noteUsage({ usage, request, isReplayed }: ResponseUsage): void {
    if (this.#isRevoked) return;
    const known = usage !== null && usage.total_tokens > 0 ? usage : null;
    // The whole conversation was sent, and the answer is in it by now.
    const tokens = known === null ? this.contextTokens() : known.total_tokens;
    this.#options.spend({ tokens, costUsd: request?.costUsd ?? null, isReplayed });
    this.#history.updateTokenInfo(known, this.#options.window.tokens);
    this.#reportUsage(request);
  }

  /** Tokens that a child used count for the thread, and take up nothing of its window. */
  noteChildUsage(usage: TokenUsage): void {
    this.#history.addChildUsage(usage, this.#options.context.model.effectiveContextWindow);
    if (!this.#isRevoked) this.#reportUsage();
  }

  noteRateLimits(snapshot: RateLimitSnapshot): void {
    if (!this.#isRevoked && this.#options.state.noteRateLimits(snapshot)) this.#reportUsage();
  }

  noteWindowFull(): void {
    const { tokens } = this.#options.window;
    if (this.#isRevoked || tokens === null) return;
    this.#history.setFull(tokens);
    this.#reportUsage();
  }

  get #turnId(): string {
    return this.#options.context.turnId;
  }

  get #history() {
    return this.#options.state.history;
  }

  #reportUsage(request?: RequestRecord): void {
    const { state, record, requests } = this.#options;
    const { rateLimits } = state;
    const info = state.history.tokenInfo;
    record.addLines({ type: 'event_msg', payload: { type: 'token_count', info, rate_limits: rateLimits } });
    this.recordBudget();
    const cost = requests === undefined ? {} : { costUsd: requests.costUsd };
    this.emit({ type: 'usage.updated', turnId: this.#turnId, info, rateLimits, ...cost, ...(request && { request }) });
  }

  /** @param keep records an item that is completed; null: the journal has it */
  #emit(event: SessionEvent, keep: ((item: ThreadItem) => void) | null): void {
    if (this.#isRevoked) return;
    this.#open.note(event);
    this.#hasPlan ||= event.type === 'item.started' && event.item.type === 'plan';
    const named = this.#ids.named(event);
    if (named.type === 'item.completed' && !this.#keptEarly.has(named.item.id)) keep?.(named.item);
    this.#options.emit(named);
  }

  readonly #keep = (item: ThreadItem): void => {
    const { record, log } = this.#options;
    try {
      record.addLines(this.#itemLine(item));
    } catch (error) {
      log.warn(`an item of turn ${this.#turnId} was not recorded: ${reasonOf(error)}`);
    }
  };

  #itemLine(item: ThreadItem): RolloutItem {
    return { type: 'event_msg', payload: { type: 'item_completed', turn_id: this.#turnId, item } };
  }
}

/** That input is looked for, that there is none, or that a request is made: nothing is done before the next line is written. */
function saysNothingAlone({ state, kind, value }: StepRecord): boolean {
  if (state === 'begin') return kind === 'input' || kind === 'sampling';
  return kind === 'input' && Array.isArray(value) && value.length === 0;
}
