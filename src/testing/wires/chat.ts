import type { ItemPart, Json, Pause, Usage } from '../script.ts';
import { deltasOf, type ItemPlace, type ResponseFacts, type ToldEnding, type WireForm } from './form.ts';

const DONE: Json = { done: true };

/** The Chat Completions API. */
export class ChatForm implements WireForm {
  readonly #facts: ResponseFacts;
  #calls = 0;

  constructor(facts: ResponseFacts) {
    this.#facts = facts;
  }

  begin(): readonly Json[] {
    return [this.#chunk({ role: 'assistant', content: '' })];
  }

  item(part: ItemPart, { callId }: ItemPlace): readonly (Json | Pause)[] {
    const { item } = part;
    switch (item['type']) {
      case 'message':
        return deltasOf(part, (content) => this.#chunk({ content }));
      case 'reasoning':
        return deltasOf(part, (thought) => this.#chunk({ reasoning_content: thought }));
      case 'function_call':
        return this.#call(part, callId, (index) => deltasOf(part, (text) => this.#argument(index, text)));
      case 'custom_tool_call':
        return this.#call(part, callId, (index) => [
          this.#argument(index, '{"input":"'),
          ...deltasOf(part, (text) => this.#argument(index, JSON.stringify(text).slice(1, -1))),
          ...(part.unfinished ? [] : [this.#argument(index, '"}')]),
        ]);
      default:
        return [];
    }
  }

  end(ending: ToldEnding): readonly Json[] {
    if (ending?.type === 'failed') return [{ error: ending.error }];
    const usual = this.#calls > 0 ? 'tool_calls' : 'stop';
    const reason = ending?.type === 'incomplete' ? finishReason(ending.reason) : usual;
    const { usage } = this.#facts;
    const usageChunk = usage === undefined ? [] : [{ ...this.#head(), choices: [], usage: wireUsage(usage) }];
    return [this.#chunk({}, reason), ...usageChunk, DONE];
  }

  frame(event: Json) {
    return { name: null, data: event === DONE ? '[DONE]' : JSON.stringify(event) };
  }

  #call(part: ItemPart, callId: string, pieces: (index: number) => readonly (Json | Pause)[]) {
    const index = this.#calls;
    this.#calls += 1;
    const { name } = part.item;
    const call = { index, id: part.item['call_id'] ?? callId, type: 'function', function: { name, arguments: '' } };
    return [this.#chunk({ tool_calls: [call] }), ...pieces(index)];
  }

  #argument(index: number, text: string): Json {
    return this.#chunk({ tool_calls: [{ index, function: { arguments: text } }] });
  }

  #chunk(delta: Json, finish: string | null = null): Json {
    return { ...this.#head(), choices: [{ index: 0, delta, finish_reason: finish }] };
  }

  #head(): Json {
    return { id: `chatcmpl_${this.#facts.index}`, object: 'chat.completion.chunk', model: 'scripted' };
  }
}

/** Reasons of this API are taken as they are. */
function finishReason(reason: string): string {
  return reason === 'max_output_tokens' ? 'length' : reason;
}

function wireUsage({ input = 0, cached = 0, output = 0, reasoning = 0, total = input + output }: Usage): Json {
  return {
    prompt_tokens: input,
    prompt_tokens_details: { cached_tokens: cached },
    completion_tokens: output,
    completion_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: total,
  };
}
