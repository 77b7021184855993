import type { MessageItem, ResponseItem } from '../../foundation/protocol/index.ts';
import { byteLength, cutMiddle } from '../../foundation/util/index.ts';
import { isContextMessage } from '../index.ts';
import { IMAGE_TOKENS } from './context-size.ts';
import type { WindowBudget } from './window-budget.ts';

const BYTES_PER_TOKEN = 4;
/** A shorter piece of a message is not worth keeping. */
const MIN_PIECE_BYTES = 400;
/** The room that a picture takes, as in the window. */
const PICTURE_BYTES = IMAGE_TOKENS * BYTES_PER_TOKEN;

export interface KeptMessages {
  readonly kept: readonly ResponseItem[];
  readonly leftOut: number;
}

/**
 * The user's messages that a compaction keeps word for word: the newest that fit, and the first of the thread. Messages with
 * nothing but pictures, of which a model may look at many, get the room that messages with words leave.
 */
export function keptUserMessages(
  items: readonly ResponseItem[],
  { keptBytes, firstBytes }: Pick<WindowBudget, 'keptBytes' | 'firstBytes'>,
): KeptMessages {
  const [first, ...later] = items.filter(isSaidByUser);
  if (!first) return { kept: [], leftOut: 0 };
  const head = cutMessage(first, Math.min(firstBytes + picturesIn(first) * PICTURE_BYTES, keptBytes));
  const kept = new Map<MessageItem, MessageItem>();
  let room = keptBytes - messageBytes(head);
  const newest = later.toReversed();
  for (const message of newest.filter(hasWords)) {
    if (room < MIN_PIECE_BYTES) break;
    const fitting = cutMessage(message, room);
    kept.set(message, fitting);
    room -= messageBytes(fitting);
  }
  for (const message of newest.filter((item) => !hasWords(item))) {
    if (room < messageBytes(message)) break;
    kept.set(message, message);
    room -= messageBytes(message);
  }
  // The only message of a thread has the room to itself.
  const opening = later.length === 0 ? cutMessage(first, keptBytes) : head;
  return { kept: [opening, ...later.flatMap((message) => kept.get(message) ?? [])], leftOut: later.length - kept.size };
}

/** Whether a compaction would shorten anything: it keeps the user's words, as far as they fit, and nothing of the model's. */
export function isShrinkable(
  items: readonly ResponseItem[],
  budget: Pick<WindowBudget, 'keptBytes' | 'firstBytes'>,
): boolean {
  const isOfModel = items.some(
    (item) => item.type !== 'ghost_snapshot' && (item.type !== 'message' || item.role === 'assistant'),
  );
  if (isOfModel) return true;
  const messages = items.filter(isSaidByUser);
  const { kept, leftOut } = keptUserMessages(items, budget);
  return leftOut > 0 || kept.some((message, at) => message !== messages[at]);
}

/** Whether the user wrote a message, rather than keel in the user's role. */
export function isSaidByUser(item: ResponseItem): item is MessageItem {
  return item.type === 'message' && item.role === 'user' && !isContextMessage(item);
}

/** Bytes of a message's texts, and a fixed number for each picture. */
export function messageBytes(message: MessageItem): number {
  return message.content.reduce((sum, part) => sum + ('text' in part ? byteLength(part.text) : PICTURE_BYTES), 0);
}

/** Whether a message has more than pictures; a picture that a tool shows the model is a user message too. */
export function hasWords({ content }: MessageItem): boolean {
  return content.some((part) => 'text' in part);
}

function picturesIn({ content }: MessageItem): number {
  return content.filter((part) => !('text' in part)).length;
}

/** The message itself if it fits, else its text with the middle cut out. */
export function cutMessage(message: MessageItem, maxBytes: number): MessageItem {
  if (messageBytes(message) <= maxBytes) return message;
  const text = message.content.map((part) => ('text' in part ? part.text : '[image]')).join('\n');
  return { ...message, content: [{ type: 'input_text', text: cutMiddle(text, maxBytes) }] };
}
