import * as z from 'zod';
import type { Turn } from '../../../foundation/protocol/index.ts';
import { wireItem } from '../notifications/wire-item.ts';
import { wireTurn } from '../notifications/wire-turn.ts';
import type { SharedThreads } from '../threads/shared-threads.ts';
import type { ViewedTurn } from '../threads/thread-view.ts';
import { cursorOf, keyedPage } from './keyed-page.ts';
import { ErrorCode, MethodError, type Methods, method } from './method.ts';

type AnyTurn = Turn | ViewedTurn;

const Direction = z.enum(['asc', 'desc']).nullish();
const Limit = z.int().min(1).nullish();
const TurnsList = z.object({
  threadId: z.string(),
  cursor: z.string().nullish(),
  limit: Limit,
  sortDirection: Direction,
  itemsView: z.enum(['notLoaded', 'summary', 'full']).nullish(),
});
const ItemsList = z.object({
  threadId: z.string(),
  turnId: z.string().nullish(),
  /** From the page before, or the item that the page starts behind. */
  cursor: z.union([z.string(), z.object({ type: z.literal('item'), itemId: z.string() })]).nullish(),
  limit: Limit,
  sortDirection: Direction,
});

const MAX_TURNS = 100;
const MAX_ITEMS = 500;
const DEFAULT_TURNS = 25;
const DEFAULT_ITEMS = 100;

/** Methods that read what happened in a thread, page by page, whether it is open or not. */
export function historyMethods(threads: SharedThreads): Methods {
  return {
    'thread/turns/list': method(TurnsList, async (params) => {
      const page = keyedPage(threads.turnsOf(requireId(params.threadId)), ({ id }) => id, {
        cursor: params.cursor ?? null,
        limit: Math.min(params.limit ?? DEFAULT_TURNS, MAX_TURNS),
        direction: params.sortDirection ?? 'desc',
      });
      return { ...page, data: page.data.map((turn) => wireTurn(turn, params.itemsView ?? 'summary')) };
    }),
    'thread/items/list': method(ItemsList, async ({ threadId, turnId, cursor, limit, sortDirection }) => {
      const turns = threads.turnsOf(requireId(threadId)).filter(({ id }) => !turnId || id === turnId);
      const anchor = typeof cursor === 'object' ? cursor?.itemId : undefined;
      return keyedPage(turns.flatMap(entriesOf), keyOfEntry, {
        cursor: anchor === undefined ? (typeof cursor === 'string' ? cursor : null) : cursorOf('after', anchor),
        limit: Math.min(limit ?? DEFAULT_ITEMS, MAX_ITEMS),
        direction: sortDirection ?? 'asc',
      });
    }),
  };
}

interface ItemEntry {
  readonly turnId: string;
  readonly item: object & { readonly id?: unknown };
}

function entriesOf({ id: turnId, items }: AnyTurn): ItemEntry[] {
  return items.flatMap((item) => {
    const shown = wireItem(item);
    return shown === null ? [] : [{ turnId, item: shown }];
  });
}

function keyOfEntry({ item }: ItemEntry): string {
  return String(item.id);
}

/** Where lists of turns and items start that go backwards from now. */
export function historyCursors(turns: readonly AnyTurn[]): object {
  const turn = turns.at(-1);
  const entry = turns.flatMap(entriesOf).at(-1);
  return {
    turnsBackwardsCursor: turn === undefined ? null : cursorOf('at', turn.id),
    itemsBackwardsCursor: entry === undefined ? null : cursorOf('at', keyOfEntry(entry)),
  };
}

/** How many turns of the user there are from one on. @throws MethodError if that isn't a turn of the user */
export function userTurnsFrom(turns: readonly AnyTurn[], turnId: string): number {
  const from = turns.slice(placeOf(turns, turnId)).map(({ items }) => items.some(({ type }) => type === 'userMessage'));
  if (from[0] === true) return from.filter((isOfUser) => isOfUser).length;
  throw new MethodError(ErrorCode.invalidRequest, `turn ${turnId} is not a request of the user`);
}

/** How many messages of the user there are up to the end of a turn. @throws MethodError */
export function messagesUpTo(turns: readonly AnyTurn[], turnId: string): number {
  const kept = turns.slice(0, placeOf(turns, turnId) + 1);
  if (kept.at(-1)?.status === 'inProgress') {
    throw new MethodError(ErrorCode.invalidRequest, `turn ${turnId} is still running`);
  }
  return kept.flatMap(({ items }) => items.filter(({ type }) => type === 'userMessage')).length;
}

function placeOf(turns: readonly AnyTurn[], turnId: string): number {
  const at = turns.findIndex(({ id }) => id === turnId);
  if (at >= 0) return at;
  throw new MethodError(ErrorCode.invalidRequest, `turn not found: ${turnId.slice(0, 100)}`);
}

/** @throws MethodError for what can't be the id of a thread */
export function requireId(threadId: string): string {
  if (z.guid().safeParse(threadId).success) return threadId.toLowerCase();
  throw new MethodError(ErrorCode.invalidRequest, `invalid thread id: ${threadId.slice(0, 100)}`);
}
