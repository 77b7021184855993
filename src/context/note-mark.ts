import { createHash } from 'node:crypto';

/**
 * The mark that begins every line keel itself adds to a tool result. It depends on the thread, so that content which was
 * written before can't carry it.
 */
export function noteMark(threadId: string): string {
  return `keel:${createHash('sha256').update(`${threadId}/note`).digest('hex').slice(0, 6)}`;
}
