import type { RolloutItem } from '../../foundation/protocol/index.ts';

/** What a user asked for with this line: a message, or a review, in words; null for any other line. */
export function saidIn(line: RolloutItem): string | null {
  if (line.type !== 'event_msg') return null;
  const { payload } = line;
  if (payload.type === 'user_message') return stringIn(payload, 'message') ?? '';
  if (payload.type !== 'item_completed' || !('item' in payload)) return null;
  const { item } = payload;
  const isReview = typeof item === 'object' && item !== null && 'type' in item && item.type === 'enteredReviewMode';
  return isReview ? `Review: ${stringIn(item, 'review') ?? ''}` : null;
}

function stringIn(record: object, key: string): string | null {
  const value: unknown = Object.entries(record).find(([name]) => name === key)?.[1];
  return typeof value === 'string' ? value : null;
}
