import { type WindowBudget, windowBudget } from '../../../context/history/index.ts';
import { byteLength } from '../../../foundation/util/index.ts';
import { compactLimit, effectiveWindow, type ModelInfo, type ServerFacts } from '../../../models/catalogue/index.ts';
import type { ToolSpec } from '../../../models/prompt/index.ts';

export interface TurnWindowOptions {
  readonly model: ModelInfo;
  readonly facts: ServerFacts;
  readonly instructions: string;
}

const BYTES_PER_TOKEN = 4;

/** The model's context window as the turn knows it: the catalogue's or the user's, unless the provider named a smaller one. */
export class TurnWindow {
  readonly #options: TurnWindowOptions;
  #tools: readonly ToolSpec[] = [];
  #overhead: number | null = null;

  constructor(options: TurnWindowOptions) {
    this.#options = options;
  }

  /** The tools of the turn's requests, once they are known. */
  offer(tools: readonly ToolSpec[]): void {
    this.#tools = tools;
    this.#overhead = null;
  }

  /** The usable window in tokens; null when unknown. */
  get tokens(): number | null {
    const { model } = this.#options;
    const raw = this.#raw();
    return raw === model.contextWindow ? model.effectiveContextWindow : effectiveWindow(raw);
  }

  /** A conversation is compacted from this many tokens on; null: never by itself. */
  get limit(): number | null {
    const { model } = this.#options;
    const raw = this.#raw();
    return raw === model.contextWindow ? model.autoCompactTokenLimit : compactLimit(raw, model.autoCompactTokenLimit);
  }

  get budget(): WindowBudget {
    return windowBudget(this.tokens, this.overhead);
  }

  /** Tokens that instructions and tools take up, estimated. */
  get overhead(): number {
    const { instructions } = this.#options;
    this.#overhead ??= Math.ceil(
      (byteLength(instructions) + byteLength(JSON.stringify(this.#tools))) / BYTES_PER_TOKEN,
    );
    return this.#overhead;
  }

  /** The provider named its limit when it refused a request. */
  learn(tokens: number): void {
    const { model, facts } = this.#options;
    facts.learnWindow(model.slug, tokens);
  }

  #raw(): number | null {
    const { model, facts } = this.#options;
    const named = facts.windowOf(model.slug);
    if (named === null || model.contextWindow === null) return named ?? model.contextWindow;
    return Math.min(named, model.contextWindow);
  }
}
