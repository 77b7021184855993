import type { ItemPart, Json, Pause, Usage } from '../script.ts';
import { type ItemPlace, isPause, type ResponseFacts, type ToldEnding, type WireForm } from './form.ts';

/** The Responses API. */
export class ResponsesForm implements WireForm {
  readonly #facts: ResponseFacts;
  readonly #base: Json;
  /** Repeated when the response ends. */
  readonly #output: Json[] = [];

  constructor(facts: ResponseFacts) {
    this.#facts = facts;
    this.#base = { id: `resp_${facts.index}`, object: 'response', created_at: Math.floor(Date.now() / 1000) };
  }

  begin(): readonly Json[] {
    return [{ type: 'response.created', response: { ...this.#base, status: 'in_progress', output: [] } }];
  }

  item(part: ItemPart, { at, callId }: ItemPlace): readonly (Json | Pause)[] {
    const item = {
      ...(part.idPrefix !== null && { id: `${part.idPrefix}_${this.#facts.index}_${at}` }),
      ...(part.isCall && { call_id: callId }),
      ...part.item,
    };
    const place = { output_index: at };
    const within = { ...('id' in item && { item_id: item.id }), ...place };
    const begun = [
      { type: 'response.output_item.added', ...place, item: { ...item, ...part.begun } },
      ...part.streaming.map((step) => (isPause(step) ? step : { ...within, ...step })),
    ];
    if (part.unfinished) return begun;
    this.#output.push(item);
    return [
      ...begun,
      ...part.closing.map((step) => ({ ...within, ...step })),
      { type: 'response.output_item.done', ...place, item },
    ];
  }

  end(ending: ToldEnding): readonly Json[] {
    const { usage } = this.#facts;
    const tokens = usage === undefined ? {} : { usage: wireUsage(usage) };
    const response = { ...this.#base, output: this.#output, ...tokens };
    switch (ending?.type) {
      case 'failed':
        return [{ type: 'response.failed', response: { ...response, status: 'failed', error: ending.error } }];
      case 'incomplete': {
        const why = { status: 'incomplete', incomplete_details: { reason: ending.reason } };
        return [{ type: 'response.incomplete', response: { ...response, ...why } }];
      }
      default:
        return [{ type: 'response.completed', response: { ...response, status: 'completed' } }];
    }
  }

  frame(event: Json, sequence: number) {
    return { name: String(event['type']), data: JSON.stringify({ ...event, sequence_number: sequence }) };
  }
}

function wireUsage({ input = 0, cached = 0, output = 0, reasoning = 0, total = input + output }: Usage): Json {
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: total,
  };
}
