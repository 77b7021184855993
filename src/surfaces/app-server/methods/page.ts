import * as z from 'zod';
import { ErrorCode, MethodError } from './method.ts';

/** What every list takes. */
export const pageParams = {
  cursor: z.string().nullish(),
  limit: z.int().min(0).nullish(),
};

interface PageRequest {
  readonly cursor?: string | null | undefined;
  readonly limit?: number | null | undefined;
}

/** Most that one page has. */
const MAX_PAGE = 1_000;

/** A page of a list that is at hand whole. A cursor is the number of the next entry. @throws MethodError for another cursor */
export function pageOf<T>(all: readonly T[], { cursor, limit }: PageRequest): { data: T[]; nextCursor: string | null } {
  const start = cursor == null ? 0 : Number(cursor);
  if (!/^\d+$/.test(cursor ?? '0') || start > all.length) {
    throw new MethodError(ErrorCode.invalidRequest, `invalid cursor: ${cursor}`);
  }
  const end = start + Math.min(Math.max(limit ?? MAX_PAGE, 1), MAX_PAGE);
  return { data: all.slice(start, end), nextCursor: end < all.length ? String(end) : null };
}
