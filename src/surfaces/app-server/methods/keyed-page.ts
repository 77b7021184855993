import { parseJson } from '../../../foundation/util/index.ts';
import { ErrorCode, MethodError } from './method.ts';

export interface KeyedPageQuery {
  readonly cursor: string | null;
  readonly limit: number;
  readonly direction: 'asc' | 'desc';
}

export interface KeyedPage<T> {
  readonly data: readonly T[];
  /** Continues behind the last entry. Null: there is no more. */
  readonly nextCursor: string | null;
  /** Turns round at the first entry, which comes again. Null: the page is empty. */
  readonly backwardsCursor: string | null;
}

/** A page of entries that are in order, oldest first. @throws MethodError for a cursor that isn't one of these entries' */
export function keyedPage<T>(entries: readonly T[], keyOf: (entry: T) => string, query: KeyedPageQuery): KeyedPage<T> {
  const inOrder = query.direction === 'asc' ? entries : entries.toReversed();
  const start = query.cursor === null ? 0 : placeOf(inOrder.map(keyOf), query.cursor);
  const data = inOrder.slice(start, start + query.limit);
  const [first, last] = [data[0], data.at(-1)];
  const isMore = start + query.limit < inOrder.length;
  return {
    data,
    nextCursor: isMore && last !== undefined ? cursorOf('after', keyOf(last)) : null,
    backwardsCursor: first === undefined ? null : cursorOf('at', keyOf(first)),
  };
}

/** A cursor at an entry (`at`), or behind it. */
export function cursorOf(kind: 'at' | 'after', key: string): string {
  return Buffer.from(JSON.stringify([kind, key])).toString('base64url');
}

function placeOf(keys: readonly string[], cursor: string): number {
  const value = parseJson(Buffer.from(cursor, 'base64url').toString('utf8'));
  const [kind, key]: readonly unknown[] = Array.isArray(value) ? value : [];
  const at = typeof key === 'string' ? keys.indexOf(key) : -1;
  if (at < 0 || (kind !== 'at' && kind !== 'after')) {
    throw new MethodError(ErrorCode.invalidRequest, `invalid cursor: ${cursor.slice(0, 100)}`);
  }
  return kind === 'at' ? at : at + 1;
}
