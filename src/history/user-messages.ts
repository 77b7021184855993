import { isContextMessage } from '../context/index.ts';
import type { MessageItem, ResponseItem } from '../protocol/index.ts';
import { byteLength, cutBytesEnd, cutBytesStart } from '../util/index.ts';
import { IMAGE_TOKENS } from './context-size.ts';

const BYTES_PER_TOKEN = 4;
/** What a compaction keeps of the user's own words, UTF-8 bytes (20,000 tokens). */
const MAX_KEPT_BYTES = 80_000;
/** The first message of a thread is kept whatever else is; this much of it. */
const MAX_FIRST_BYTES = 4_096;
/** A rest of a message below this says nothing. */
const MIN_PIECE_BYTES = 400;
/** What a picture takes up of the room, as it does of the window. */
const PICTURE_BYTES = IMAGE_TOKENS * BYTES_PER_TOKEN;

export interface KeptMessages {
  readonly kept: readonly ResponseItem[];
  readonly leftOut: number;
}

/**
 * The user's messages that a compaction keeps word for word: the newest that fit, and the first of the thread. Those that are
 * nothing but pictures, as the model looks at many, come after all that have words.
 */
export function keptUserMessages(items: readonly ResponseItem[]): KeptMessages {
  const said = items.filter(isSaidByUser);
  const [first, ...later] = said;
  if (!first) return { kept: [], leftOut: 0 };
  const head = cutMessage(first, Math.min(MAX_FIRST_BYTES + picturesIn(first) * PICTURE_BYTES, MAX_KEPT_BYTES));
  const kept = new Map<MessageItem, MessageItem>();
  let room = MAX_KEPT_BYTES - sizeOf(head);
  const newest = later.toReversed();
  for (const message of newest.filter(hasWords)) {
    if (room < MIN_PIECE_BYTES) break;
    const fitting = cutMessage(message, room);
    kept.set(message, fitting);
    room -= sizeOf(fitting);
  }
  for (const message of newest.filter((item) => !hasWords(item))) {
    if (room < sizeOf(message)) break;
    kept.set(message, message);
    room -= sizeOf(message);
  }
  // The only message of a thread has the room to itself.
  const opening = later.length === 0 ? cutMessage(first, MAX_KEPT_BYTES) : head;
  return { kept: [opening, ...later.flatMap((message) => kept.get(message) ?? [])], leftOut: later.length - kept.size };
}

/** A message of the user's own, not what keel says in that role. */
export function isSaidByUser(item: ResponseItem): item is MessageItem {
  return item.type === 'message' && item.role === 'user' && !isContextMessage(item);
}

function sizeOf(message: MessageItem): number {
  return message.content.reduce((sum, part) => sum + ('text' in part ? byteLength(part.text) : PICTURE_BYTES), 0);
}

/** Whether it is more than pictures; those that the model looks at come as messages too. */
export function hasWords({ content }: MessageItem): boolean {
  return content.some((part) => 'text' in part);
}

function picturesIn({ content }: MessageItem): number {
  return content.filter((part) => !('text' in part)).length;
}

/** The message itself where it fits, else its text with the middle cut out. */
function cutMessage(message: MessageItem, maxBytes: number): MessageItem {
  if (sizeOf(message) <= maxBytes) return message;
  const text = message.content.map((part) => ('text' in part ? part.text : '[image]')).join('\n');
  return { ...message, content: [{ type: 'input_text', text: cutMiddle(text, maxBytes) }] };
}

/** At line ends where there are any. */
function cutMiddle(text: string, maxBytes: number): string {
  const marker = (tokens: number) => `…${tokens} tokens truncated…\n`;
  const room = maxBytes - byteLength(marker(text.length));
  const start = cutBytesEnd(text, Math.floor(room / 2));
  const end = cutBytesStart(text, Math.ceil(room / 2));
  const head = start.includes('\n') ? start.slice(0, start.lastIndexOf('\n') + 1) : start;
  const tail = end.includes('\n') ? end.slice(end.indexOf('\n') + 1) : end;
  const removed = byteLength(text) - byteLength(head) - byteLength(tail);
  return head + marker(Math.ceil(removed / BYTES_PER_TOKEN)) + tail;
}
