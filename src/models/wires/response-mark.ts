import type { ResponseItem } from '../../foundation/protocol/index.ts';
import { randomBytes } from '../../foundation/util/index.ts';

const MARK_BYTES = 6;
/** `<kind>_<mark>-<place>`: letters, digits, `_` and `-` alone, as other APIs want their ids. */
const MARKED_ID = /^[a-z]+_([0-9a-f]{12})-\d+$/;

/**
 * Marks the items of one response. All calls of a response belong in one message, two responses in a row in two messages, and a
 * history does not record where one ends. The mark is keel's own: gateways reuse message ids.
 */
export class ResponseMark {
  readonly #mark = newResponseMark();

  idOf(kind: 'msg' | 'rs' | 'fc' | 'ctc', place: number): string {
    return `${kind}_${this.#mark}-${place}`;
  }
}

/** A mark for the items of one response, where they have no ids of their own that show it. */
export function newResponseMark(): string {
  return randomBytes(MARK_BYTES).toString('hex');
}

/** The response that an item came in; null for what another API or a person said. */
export function responseOf(item: ResponseItem): string | null {
  if ('response' in item && item.response) return item.response;
  const id = 'id' in item ? item.id : null;
  return MARKED_ID.exec(id ?? '')?.[1] ?? null;
}
