import type { ContentItem, RefusedContent, ResponseItem } from '../../foundation/protocol/index.ts';

export interface WithoutRefused {
  readonly items: ResponseItem[];
  /** How many items had such content. */
  readonly count: number;
}

/** Removes the refused content from the items. A note takes the place of a picture; thoughts are removed without one. */
export function withoutRefused(
  items: readonly ResponseItem[],
  { content, which, note }: RefusedContent,
  replaced: (before: ResponseItem, after: ResponseItem | null) => void,
): WithoutRefused {
  const hasContent = HAS_CONTENT[content];
  const newest = items.findLastIndex(hasContent);
  let count = 0;
  const rest = items.flatMap((item, at) => {
    if (!hasContent(item) || (which === 'newest' && at !== newest)) return [item];
    count += 1;
    const after = content === 'pictures' ? withoutPictures(item, note) : null;
    replaced(item, after);
    return after === null ? [] : [after];
  });
  return { items: rest, count };
}

export function holdsContent(items: readonly ResponseItem[], content: RefusedContent['content']): boolean {
  return items.some(HAS_CONTENT[content]);
}

const HAS_CONTENT = { pictures: hasPictures, thoughts: isThought } as const;

function isThought({ type }: ResponseItem): boolean {
  return type === 'reasoning';
}

function hasPictures(item: ResponseItem): boolean {
  return partsOf(item).some((part) => part.type === 'input_image');
}

function partsOf(item: ResponseItem): readonly ContentItem[] {
  if (item.type === 'message') return item.content;
  return item.type === 'function_call_output' && typeof item.output !== 'string' ? item.output : [];
}

function withoutPictures(item: ResponseItem, note: string): ResponseItem {
  if (item.type === 'message') {
    return { ...item, content: item.content.map((part) => (part.type === 'input_image' ? asNote(note) : part)) };
  }
  if (item.type !== 'function_call_output' || typeof item.output === 'string') return item;
  return { ...item, output: item.output.map((part) => (part.type === 'input_image' ? asNote(note) : part)) };
}

function asNote(text: string) {
  return { type: 'input_text' as const, text };
}
