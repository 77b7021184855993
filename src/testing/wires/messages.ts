import type { ItemPart, Json, Pause, Usage } from '../script.ts';
import { deltasOf, type ItemPlace, isPause, type ResponseFacts, type ToldEnding, type WireForm } from './form.ts';

/** Anthropic's Messages API. */
export class MessagesForm implements WireForm {
  readonly #facts: ResponseFacts;
  #hasCalls = false;

  constructor(facts: ResponseFacts) {
    this.#facts = facts;
  }

  begin(): readonly Json[] {
    const { index, usage } = this.#facts;
    const message = { id: `msg_${index}`, type: 'message', role: 'assistant', model: 'scripted', content: [] };
    const tokens = usage === undefined ? {} : { usage: { ...inputTokens(usage), output_tokens: 1 } };
    return [
      { type: 'message_start', message: { ...message, stop_reason: null, stop_sequence: null, ...tokens } },
      { type: 'ping' },
    ];
  }

  item(part: ItemPart, { at, callId }: ItemPlace): readonly (Json | Pause)[] {
    const block = blockOf(part, callId);
    if (block === null) return [];
    const delta = (step: Json) => ({ type: 'content_block_delta', index: at, delta: step });
    const begun = [
      { type: 'content_block_start', index: at, content_block: block.start },
      ...block.deltas.map((step) => (isPause(step) ? step : delta(step))),
    ];
    if (part.unfinished) return begun;
    if (part.isCall) this.#hasCalls = true;
    return [...begun, ...block.closing.map(delta), { type: 'content_block_stop', index: at }];
  }

  end(ending: ToldEnding): readonly Json[] {
    if (ending?.type === 'failed') return [{ type: 'error', error: wireError(ending.error) }];
    const { usage } = this.#facts;
    const usual = this.#hasCalls ? 'tool_use' : 'end_turn';
    const reason = ending?.type === 'incomplete' ? stopReason(ending.reason) : usual;
    const tokens = usage === undefined ? {} : { usage: outputTokens(usage) };
    return [
      { type: 'message_delta', delta: { stop_reason: reason, stop_sequence: null }, ...tokens },
      { type: 'message_stop' },
    ];
  }

  frame(event: Json) {
    return { name: String(event['type']), data: JSON.stringify(event) };
  }
}

/** An item as a content block. */
interface Block {
  readonly start: Json;
  readonly deltas: readonly (Json | Pause)[];
  /** Deltas that an unfinished block lacks. */
  readonly closing: readonly Json[];
}

/** Null for what this API has no form for. */
function blockOf(part: ItemPart, callId: string): Block | null {
  const { item } = part;
  switch (item['type']) {
    case 'message':
      return {
        start: { type: 'text', text: '' },
        deltas: deltasOf(part, (text) => ({ type: 'text_delta', text })),
        closing: [],
      };
    case 'reasoning':
      return {
        start: { type: 'thinking', thinking: '', signature: '' },
        deltas: deltasOf(part, (thinking) => ({ type: 'thinking_delta', thinking })),
        closing: [{ type: 'signature_delta', signature: String(item['encrypted_content'] ?? '') }],
      };
    case 'function_call':
      return toolUse(item, callId, deltasOf(part, inputDelta), []);
    case 'custom_tool_call':
      return toolUse(
        item,
        callId,
        [inputDelta('{"input":"'), ...deltasOf(part, (text) => inputDelta(JSON.stringify(text).slice(1, -1)))],
        [inputDelta('"}')],
      );
    case 'local_shell_call':
      return toolUse({ ...item, name: 'local_shell' }, callId, [inputDelta(JSON.stringify(item['action']))], []);
    case 'web_search_call': {
      const { query } = Object(item['action']);
      const start = { type: 'server_tool_use', id: callId, name: 'web_search', input: { query } };
      return { start, deltas: [], closing: [] };
    }
    default:
      return null;
  }
}

function toolUse(item: Json, callId: string, deltas: Block['deltas'], closing: Block['closing']): Block {
  const start = { type: 'tool_use', id: item['call_id'] ?? callId, name: item['name'], input: {} };
  return { start, deltas, closing };
}

function inputDelta(partial_json: string): Json {
  return { type: 'input_json_delta', partial_json };
}

/** Reasons of this API are taken as they are. */
function stopReason(reason: string): string {
  if (reason === 'max_output_tokens') return 'max_tokens';
  return reason === 'content_filter' ? 'refusal' : reason;
}

function wireError({ code, type, message, ...rest }: Json): Json {
  switch (code) {
    case 'rate_limit_exceeded':
      return { ...rest, type: 'rate_limit_error', message };
    case 'server_is_overloaded':
    case 'slow_down':
      return { ...rest, type: 'overloaded_error', message };
    case 'context_length_exceeded':
      return { ...rest, type: 'invalid_request_error', message: `prompt is too long: ${message}` };
    default:
      return { ...rest, type: type ?? code ?? 'api_error', message };
  }
}

/** Here what the cache has to do with is no part of the input. */
function inputTokens({ input = 0, cached = 0, cacheWritten = 0 }: Usage): Json {
  return {
    input_tokens: Math.max(0, input - cached - cacheWritten),
    cache_read_input_tokens: cached,
    cache_creation_input_tokens: cacheWritten,
  };
}

function outputTokens({ output = 0, reasoning }: Usage): Json {
  const details = reasoning === undefined ? {} : { output_tokens_details: { thinking_tokens: reasoning } };
  return { output_tokens: output, ...details };
}
