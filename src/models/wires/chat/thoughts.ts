import type { ChatThoughtField, ReasoningItem } from '../../../foundation/protocol/index.ts';
import type { WireQuirks } from '../../catalogue/index.ts';
import { asObject, type JsonObject, numberField, objectField, parseJson, stringField } from '../../json/index.ts';

/** What one piece of a stream says of the model's thoughts. */
export interface Thought {
  readonly field: ChatThoughtField;
  readonly text: string;
  /** The text is a summary that is meant to be shown. */
  readonly isSummary: boolean;
  /** Blocks or fragments of blocks, which go back as a list. */
  readonly details: readonly JsonObject[];
}

/** Servers differ in where they put what the model thinks; several put the same text in two fields. */
export function thoughtIn(delta: JsonObject): Thought | null {
  const plain = plainThought(delta);
  for (const field of ['reasoning_details', 'thinking_blocks'] as const) {
    const details = objectsIn(delta[field]);
    if (details.length === 0) continue;
    const summary = details.map((detail) => stringField(detail, 'summary') ?? '').join('');
    const text = details.map((detail) => stringField(detail, 'text') ?? stringField(detail, 'thinking') ?? '').join('');
    return { field, text: text || summary || (plain?.text ?? ''), isSummary: text === '' && summary !== '', details };
  }
  const content = objectsIn(delta['content']);
  const parts = content.length === 0 ? content : content.filter(isThinkingPart);
  if (parts.length === 0) return plain;
  return { field: 'content', text: parts.map(textOfThinkingPart).join(''), isSummary: false, details: parts };
}

function plainThought(delta: JsonObject): Thought | null {
  for (const field of ['reasoning_content', 'reasoning'] as const) {
    if (!delta[field]) continue;
    const nested = objectField(delta, field);
    const text = stringField(delta, field) ?? stringField(nested, 'text') ?? stringField(nested, 'content') ?? '';
    if (text !== '') return { field, text, isSummary: false, details: [] };
  }
  return null;
}

const NO_OBJECTS: readonly JsonObject[] = [];

/** Mistral: a part of the content, which contains a list of texts. */
function isThinkingPart(part: JsonObject): boolean {
  return part['type'] === 'thinking';
}

function textOfThinkingPart(part: JsonObject): string {
  const texts = objectsIn(part['thinking']).map((chunk) => stringField(chunk, 'text') ?? '');
  return stringField(part, 'thinking') ?? texts.join('');
}

function objectsIn(list: unknown): readonly JsonObject[] {
  return Array.isArray(list) ? list.map(asObject).filter((entry) => entry !== null) : NO_OBJECTS;
}

/** Texts of a block that come in fragments. */
const GROWING: ReadonlySet<string> = new Set(['text', 'summary', 'data', 'thinking']);
/** Blocks that come whole where nothing says to which of them a fragment belongs. */
const WHOLE_TYPES: ReadonlySet<unknown> = new Set(['reasoning.encrypted', 'redacted_thinking']);

/** Puts blocks of thought together from their fragments: a signature covers the whole text of its block. */
export class ThoughtBlocks {
  readonly #blocks: Record<string, unknown>[] = [];

  get list(): readonly JsonObject[] {
    return this.#blocks;
  }

  add(fragment: JsonObject): void {
    const known = this.#blocks.findLast((block, at) => isSameBlock(block, fragment, at === this.#blocks.length - 1));
    if (known === undefined) this.#blocks.push({ ...fragment });
    else extend(known, fragment);
  }
}

function isSameBlock(block: JsonObject, fragment: JsonObject, isLast: boolean): boolean {
  const type = fragment['type'] ?? block['type'];
  if (type !== block['type'] || differ(stringField(block, 'id'), stringField(fragment, 'id'))) return false;
  if (isSigned(block) && textLength(fragment) > 0) return false;
  const [index, other] = [numberField(block, 'index'), numberField(fragment, 'index')];
  if (index !== null && other !== null) return index === other;
  return isLast && !WHOLE_TYPES.has(type);
}

function differ(one: string | null, other: string | null): boolean {
  return one !== null && other !== null && one !== other;
}

function isSigned(block: JsonObject): boolean {
  return (stringField(block, 'signature') ?? '') !== '';
}

function textLength(fragment: JsonObject): number {
  return ['text', 'summary', 'thinking'].reduce((sum, name) => sum + (stringField(fragment, name)?.length ?? 0), 0);
}

function extend(block: Record<string, unknown>, fragment: JsonObject): void {
  for (const [name, value] of Object.entries(fragment)) {
    const known = block[name];
    if (value === null || value === undefined || value === '') continue;
    if (Array.isArray(known) && Array.isArray(value)) block[name] = [joinedTexts([...known, ...value])].flat();
    else if (GROWING.has(name) && typeof known === 'string' && typeof value === 'string') block[name] = known + value;
    else if (name === 'signature' && typeof known === 'string' && known !== value) block[name] = known + String(value);
    else block[name] = value;
  }
}

/** Text chunks that follow each other become one. */
function joinedTexts(chunks: readonly unknown[]): unknown[] {
  const joined: unknown[] = [];
  for (const chunk of chunks) {
    const [last, next] = [asObject(joined.at(-1)), asObject(chunk)];
    const areTexts = last?.['type'] === 'text' && next?.['type'] === 'text';
    if (areTexts) joined[joined.length - 1] = { ...last, ...next, text: `${last['text']}${next['text']}` };
    else joined.push(chunk);
  }
  return joined;
}

/** By the field in which a thought came: a text, or a list of blocks. */
export type ThoughtFields = Readonly<Record<string, string | readonly unknown[]>>;

/** Whose thoughts can be sent back. */
export interface Thinker {
  readonly provider: string;
  readonly model: string;
}

/** In the field in which it came, or not at all: another model's thoughts mean nothing to this one. */
export function thoughtFields(
  { origin, content, encrypted_content }: ReasoningItem,
  thinker: Thinker,
  wanted: WireQuirks['reasoningField'],
): ThoughtFields {
  if (origin?.provider !== thinker.provider || origin.model !== thinker.model || wanted === 'omitted') return {};
  const text = (content ?? []).map((part) => part.text).join('');
  switch (origin.field) {
    case 'reasoning':
    case 'reasoning_content':
      return text === '' ? {} : { [origin.field]: text };
    case 'reasoning_details':
    case 'thinking_blocks':
    case 'content': {
      const blocks = parseJson(encrypted_content ?? '');
      return Array.isArray(blocks) ? { [origin.field]: blocks } : {};
    }
    default:
      return {};
  }
}

/** Several thoughts of one message are emitted as one. */
export function joinedThoughts(before: ThoughtFields, next: ThoughtFields): ThoughtFields {
  const all = { ...before };
  for (const [field, thought] of Object.entries(next)) {
    const known = all[field];
    if (typeof known === 'string' && typeof thought === 'string') all[field] = known + thought;
    else if (Array.isArray(known) && Array.isArray(thought)) all[field] = [...known, ...thought];
    else all[field] = thought;
  }
  return all;
}
