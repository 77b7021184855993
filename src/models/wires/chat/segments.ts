import type { ChatThoughtField, ReasoningItem, ResponseItem } from '../../../foundation/protocol/index.ts';
import type { ModelEvent } from '../../prompt/index.ts';
import { extraOf } from '../index.ts';
import { type Thought, ThoughtBlocks } from './thoughts.ts';

type Fields = Readonly<Record<string, unknown>>;
interface TextSegment {
  readonly type: 'text';
  text: string;
}
interface ThoughtSegment {
  readonly type: 'thought';
  readonly isSummary: boolean;
  readonly blocks: ThoughtBlocks;
  field: ChatThoughtField;
  text: string;
}

/** The texts and thoughts of one response in order of arrival, each an item once the next kind starts. */
export class Segments {
  readonly #origin: { readonly provider: string; readonly model: string };
  #segment: TextSegment | ThoughtSegment | null = null;
  #endedWithText = false;

  constructor(origin: { readonly provider: string; readonly model: string }) {
    this.#origin = origin;
  }

  get endedWithText(): boolean {
    return this.#endedWithText;
  }

  say(text: string): readonly ModelEvent[] {
    if (text === '') return [];
    const delta = { type: 'textDelta', itemId: null, delta: text } as const;
    if (this.#segment?.type === 'text') {
      this.#segment.text += text;
      return [delta];
    }
    const events = this.close();
    this.#segment = { type: 'text', text };
    return [...events, delta];
  }

  think({ field, text, isSummary, details }: Thought): readonly ModelEvent[] {
    const known = this.#segment?.type === 'thought' ? this.#segment : null;
    const events = known === null ? this.close() : [];
    const segment: ThoughtSegment = known ?? {
      type: 'thought',
      isSummary,
      blocks: new ThoughtBlocks(),
      field,
      text: '',
    };
    this.#segment = segment;
    // The field with the blocks says more than one with the same text.
    if (details.length > 0) segment.field = field;
    for (const detail of details) segment.blocks.add(detail);
    segment.text += text;
    if (text === '') return events;
    const type = segment.isSummary ? 'reasoningSummaryDelta' : 'reasoningContentDelta';
    return [...events, { type, itemId: null, index: 0, delta: text }];
  }

  /** @param fields what the server said of the message; they go with a text */
  close(fields: Fields = {}): readonly ModelEvent[] {
    const segment = this.#segment;
    this.#segment = null;
    if (segment === null) return [];
    this.#endedWithText = segment.type === 'text';
    const item = segment.type === 'text' ? this.#message(segment, fields) : this.#thought(segment);
    return [{ type: 'itemDone', item }];
  }

  #message({ text }: TextSegment, fields: Fields): ResponseItem {
    const content = [{ type: 'output_text' as const, text }];
    return { type: 'message', role: 'assistant', content, ...extraOf(this.#origin.provider, { fields }) };
  }

  #thought({ text, isSummary, blocks, field }: ThoughtSegment): ReasoningItem {
    const isShown = isSummary && text !== '';
    return {
      type: 'reasoning',
      summary: isShown ? [{ type: 'summary_text', text }] : [],
      content: isShown || text === '' ? null : [{ type: 'reasoning_text', text }],
      ...(blocks.list.length === 0 ? {} : { encrypted_content: JSON.stringify(blocks.list) }),
      origin: { ...this.#origin, field },
    };
  }
}
