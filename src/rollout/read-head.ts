import { closeSync, openSync, readSync } from 'node:fs';
import { RolloutItem, type SessionMeta } from '../protocol/index.ts';

const HEAD_BYTES = 256 * 1024;

/** The first line's facts about a thread, without reading the rest; null if they can't be read. */
export function readHead(path: string): SessionMeta | null {
  try {
    const fd = openSync(path, 'r');
    try {
      const head = Buffer.alloc(HEAD_BYTES);
      const text = head.toString('utf8', 0, readSync(fd, head));
      const parsed = RolloutItem.safeParse(JSON.parse(text.slice(0, text.indexOf('\n'))));
      return parsed.success && parsed.data.type === 'session_meta' ? parsed.data.payload : null;
    } finally {
      closeSync(fd);
    }
  } catch {
    // A file that can't be read, or whose first line is broken, is no thread that could be listed.
    return null;
  }
}
