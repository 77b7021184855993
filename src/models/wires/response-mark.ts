import { randomBytes } from 'node:crypto';
import type { ResponseItem } from '../../foundation/protocol/index.ts';

const MARK_BYTES = 6;
/** `<kind>_<mark>-<place>`: letters, digits, `_` and `-` alone, as other APIs want their ids. */
const MARKED_ID = /^[a-z]+_([0-9a-f]{12})-\d+$/;

/**
 * Marks the items of one response. Here all calls of a response belong into one message, and two responses in a row into
 * two, and a history does not keep where one ends. The mark is keel's own: gateways use message ids again.
 */
export class ResponseMark {
  readonly #mark = newResponseMark();

  idOf(kind: 'msg' | 'rs' | 'fc' | 'ctc', place: number): string {
    return `${kind}_${this.#mark}-${place}`;
  }
}

/** Marks what came in one response, where its items have no ids of their own to tell that by. */
export function newResponseMark(): string {
  return randomBytes(MARK_BYTES).toString('hex');
}

/** The response that an item came in; null for what another API or a person said. */
export function responseOf(item: ResponseItem): string | null {
  if ('response' in item && item.response) return item.response;
  const id = 'id' in item ? item.id : null;
  return MARKED_ID.exec(id ?? '')?.[1] ?? null;
}
