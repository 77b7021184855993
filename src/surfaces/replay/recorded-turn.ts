import {
  type ResponseItem,
  type RolloutItem,
  type TurnContextRecord,
  TurnSetup,
} from '../../foundation/protocol/index.ts';
import type { OpenTurnLine } from '../../storage/rollout/index.ts';

export type TurnEnd =
  | { readonly type: 'completed'; readonly lastMessage: string | null }
  | { readonly type: 'failed' }
  | { readonly type: 'interrupted' }
  /** The record has no end of the turn. */
  | { readonly type: 'unfinished' };

/** Gathers the lines of one turn that the record itself marks. */
export class TurnLines {
  readonly id: string;
  readonly number: number;
  readonly setup: TurnSetup | null;
  readonly lines: OpenTurnLine[] = [];
  #context: TurnContextRecord | null = null;
  #hasOtherSettings = false;
  readonly asked: { readonly stepId: string; readonly asks: unknown }[] = [];
  /** Items of no step that follow the first step. */
  readonly later: ResponseItem[] = [];
  /** A step that has not ended rewrote the conversation: the rewrite counts even if the step never ends. */
  isRewriteOpen = false;

  constructor(event: Readonly<Record<string, unknown>>, number: number) {
    const id = event['turn_id'];
    this.id = typeof id === 'string' ? id : `turn-${number}`;
    this.number = number;
    this.setup = TurnSetup.safeParse(event['setup']).data ?? null;
  }

  get context(): TurnContextRecord | null {
    return this.#context;
  }

  /** Whether the turn continued with other settings than it started with, which happens after a crash. */
  get hasOtherSettings(): boolean {
    return this.#hasOtherSettings;
  }

  noteContext(context: TurnContextRecord): void {
    this.#context ??= context;
    const { model, effort, summary } = this.#context;
    this.#hasOtherSettings ||= model !== context.model || effort !== context.effort || summary !== context.summary;
  }

  /** @returns whether the line belongs to the turn's journal */
  take(line: RolloutItem): boolean {
    if (line.type === 'step' && line.payload.turn === this.id) {
      const { payload: record } = line;
      this.lines.push({ type: 'step', record });
      if (record.kind === 'compact' && record.state === 'end') this.isRewriteOpen = false;
      if (record.state === 'begin' && record.asks !== undefined) {
        this.asked.push({ stepId: record.id, asks: record.asks });
      }
      return true;
    }
    if (line.type !== 'response_item' || line.step === undefined || line.turn !== this.id) return false;
    this.lines.push({ type: 'item', stepId: line.step, item: line.payload });
    return true;
  }

  /** Whether a step has started in the record. */
  hasStarted(stepId: string): boolean {
    return this.lines.some((line) => line.type === 'step' && line.record.id === stepId);
  }
}

export function turnEnd({ payload }: Extract<RolloutItem, { type: 'event_msg' }>): TurnEnd | null {
  if (payload.type === 'turn_aborted') return { type: 'interrupted' };
  if (payload.type !== 'task_complete') return null;
  if (payload['error']) return { type: 'failed' };
  const last = payload['last_agent_message'];
  return { type: 'completed', lastMessage: typeof last === 'string' ? last : null };
}
