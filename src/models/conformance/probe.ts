import { setTimeout as delay } from 'node:timers/promises';
import type { CallItem, ResponseItem, TokenUsage } from '../../foundation/protocol/index.ts';
import { monotonicMs } from '../../foundation/util/index.ts';
import { type ModelInfo, quirkSetting } from '../catalogue/index.ts';
import type { ModelClient } from '../client/index.ts';
import { ModelError } from '../failures/index.ts';
import type { CacheUse, Prompt } from '../prompt/index.ts';

/** A whole answer of the model. */
export interface Answer {
  readonly items: readonly ResponseItem[];
  readonly text: string;
  readonly calls: readonly CallItem[];
  readonly hasThoughts: boolean;
  readonly usage: TokenUsage | null;
  readonly cache: CacheUse | null;
  /** In how many pieces its text came. */
  readonly pieces: number;
  readonly durationMs: number;
}

export interface ProbeOptions {
  readonly client: ModelClient;
  readonly model: ModelInfo;
  readonly providerId: string;
  /** Ends the whole run. */
  readonly signal: AbortSignal;
}

type Question = Partial<Prompt> & { readonly input: readonly ResponseItem[] };
type Changes = Parameters<ModelClient['with']>[0];

/** Limit for one request, ms: longer than slow local models take for a short answer. */
export const REQUEST_MS = 120_000;
const MAX_QUIRKS = 8;
const MAX_RETRIES = 2;
const MAX_WAIT_MS = 20_000;
const INSTRUCTIONS =
  'You are part of a test of an API. Do exactly what the user asks, with no other words and without asking back.';

/** Asks the model through keel's own client, and follows what its refusals teach, as a session does. */
export class Probe {
  readonly model: ModelInfo;
  readonly providerId: string;
  readonly signal: AbortSignal;
  readonly #client: ModelClient;
  readonly #settings = new Set<string>();

  constructor({ client, model, providerId, signal }: ProbeOptions) {
    this.#client = client;
    this.model = model;
    this.providerId = providerId;
    this.signal = signal;
  }

  /** Settings that make permanent what refusals taught since the last call. */
  takeSettings(): readonly string[] {
    const settings = [...this.#settings];
    this.#settings.clear();
    return settings;
  }

  /** The answer to one request. @throws ModelError, KeelError; the run's reason when its signal aborts */
  async ask(question: Question, changes: Changes = {}): Promise<Answer> {
    let quirks = 0;
    for (let retries = 0; ; ) {
      try {
        return await this.#once(question, changes);
      } catch (error) {
        if (this.signal.aborted || !(error instanceof ModelError) || !error.retryable) throw error;
        if (error.quirk !== null && quirks < MAX_QUIRKS) {
          quirks += 1;
          this.#settings.add(quirkSetting(this.providerId, error.quirk));
          continue;
        }
        retries += 1;
        if (retries > MAX_RETRIES) throw error;
        await delay(Math.min(MAX_WAIT_MS, error.retryAfterMs ?? 1_000), undefined, { signal: this.signal });
      }
    }
  }

  /** The events of one request, which ends when `signal` aborts. */
  stream(question: Question, signal: AbortSignal, changes: Changes = {}) {
    return this.#client.with(changes).stream(this.#prompt(question), { taskKind: 'regular', signal });
  }

  async #once(question: Question, changes: Changes): Promise<Answer> {
    const startedAt = monotonicMs();
    const items: ResponseItem[] = [];
    let pieces = 0;
    const signal = AbortSignal.any([this.signal, AbortSignal.timeout(REQUEST_MS)]);
    for await (const events of this.stream(question, signal, changes)) {
      for (const event of events) {
        if (event.type === 'itemDone') items.push(event.item);
        else if (event.type === 'textDelta') pieces += 1;
        else if (event.type === 'completed') {
          const { usage, cache = null } = event;
          return { ...contentOf(items), items, usage, cache, pieces, durationMs: monotonicMs() - startedAt };
        }
      }
    }
    throw new Error('the model stream ended without a final event');
  }

  #prompt(question: Question): Prompt {
    return { instructions: INSTRUCTIONS, tools: [], parallelToolCalls: false, ...question };
  }
}

function contentOf(items: readonly ResponseItem[]): Pick<Answer, 'text' | 'calls' | 'hasThoughts'> {
  const texts: string[] = [];
  const calls: CallItem[] = [];
  for (const item of items) {
    if (item.type === 'message')
      for (const part of item.content) if (part.type === 'output_text') texts.push(part.text);
    if (item.type === 'function_call' || item.type === 'custom_tool_call') calls.push(item);
  }
  return { text: texts.join(''), calls, hasThoughts: items.some(({ type }) => type === 'reasoning') };
}

export function says(text: string): ResponseItem {
  return { type: 'message', role: 'user', content: [{ type: 'input_text', text }] };
}
