import { RolloutItem } from '../../foundation/protocol/index.ts';
import { readJson } from '../../foundation/util/index.ts';
import { isPlainEvent, isPlainItem, isPlainStep } from './plain-items.ts';

export type ParsedLine =
  | { readonly type: 'ok'; readonly item: RolloutItem }
  /** Truncated by a crash, or damaged on the disk. */
  | { readonly type: 'broken' }
  /** Sound, but of a kind or a shape that only other versions know. */
  | { readonly type: 'unknown'; readonly kind: string };

export function parseLine(text: string): ParsedLine {
  let raw: unknown;
  try {
    raw = readJson(text);
  } catch {
    return { type: 'broken' };
  }
  if (!isRecord(raw)) return { type: 'broken' };
  const plain = plainLine(raw);
  if (plain !== null) return { type: 'ok', item: plain };
  const parsed = RolloutItem.safeParse(raw);
  if (parsed.success) return { type: 'ok', item: parsed.data };
  if (typeof raw['type'] !== 'string') return { type: 'broken' };
  const meta = raw['type'] === 'session_meta' ? plainMeta(raw) : null;
  return meta ? { type: 'ok', item: meta } : { type: 'unknown', kind: raw['type'] };
}

/** A line that its schema would give back as it is; null: the schema decides. */
function plainLine({ type, payload, turn, step }: Readonly<Record<string, unknown>>): RolloutItem | null {
  if (type === 'event_msg') return isPlainEvent(payload) ? { type, payload } : null;
  if (type === 'step') return isPlainStep(payload) ? { type, payload } : null;
  if (type !== 'response_item' || !isPlainItem(payload)) return null;
  if (turn === undefined && step === undefined) return { type, payload };
  return typeof turn === 'string' && typeof step === 'string' ? { type, payload, turn, step } : null;
}

/** Which thread it is must be known even if details of its start have the shape of a later version. */
function plainMeta(raw: Readonly<Record<string, unknown>>): RolloutItem | null {
  if (!isRecord(raw['payload'])) return null;
  const { digests, ...rest } = raw['payload'];
  const payload = { ...rest, source: null, git: null, ...(digests === 'cyrb53' ? { digests } : {}) };
  return RolloutItem.safeParse({ type: 'session_meta', payload }).data ?? null;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
