import { closeSync } from 'node:fs';
import type { SessionMeta } from '../../foundation/protocol/index.ts';
import { openRollout, parseLine, textLines } from '../rollout/index.ts';
import { saidIn } from './said.ts';

/** A user's first message follows the thread's context; what comes later than this is not looked at. */
const MAX_HEAD_LINES = 50;

export interface RolloutHead {
  readonly meta: SessionMeta;
  /** Whether a user has said something or asked for a review: there is no reason to continue any other thread. */
  readonly hasUserMessage: boolean;
}

/** What the first lines say of a thread, without reading the rest; null if they can't be read. */
export function readHead(path: string): RolloutHead | null {
  let fd: number;
  try {
    fd = openRollout(path);
  } catch {
    // A file that can't be read is no thread that could be listed.
    return null;
  }
  try {
    return headOf(textLines(fd, { chunkBytes: 64 * 1024 }));
  } catch {
    // Read errors: as above.
    return null;
  } finally {
    closeSync(fd);
  }
}

function headOf(lines: Iterable<string>): RolloutHead | null {
  let meta: SessionMeta | null = null;
  let count = 0;
  for (const text of lines) {
    count += 1;
    if (count > MAX_HEAD_LINES) break;
    const line = parseLine(text);
    if (line.type !== 'ok') continue;
    if (line.item.type === 'session_meta') meta ??= line.item.payload;
    if (meta && saidIn(line.item) !== null) return { meta, hasUserMessage: true };
  }
  return meta && { meta, hasUserMessage: false };
}
