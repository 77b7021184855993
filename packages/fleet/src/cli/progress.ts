import type { BatchProgress } from './batch.ts';

const WIDTH = 30;

/** A bar that replaces itself on a terminal; elsewhere a line for each step. */
export function showProgress(progress: BatchProgress): void {
  const { stderr } = process;
  const line = progressLine(progress);
  if (!stderr.isTTY) stderr.write(`${line}\n`);
  else stderr.write(`\r\u001b[K${line}${isOver(progress) ? '\n' : ''}`);
}

export function progressLine({ all, ended, waiting, tokens }: BatchProgress): string {
  const done = Math.floor((WIDTH * ended) / Math.max(1, all));
  const waits = waiting === 0 ? '' : `, ${waiting} wait for an answer`;
  return `[${'#'.repeat(done)}${'.'.repeat(WIDTH - done)}] ${ended} of ${all}${waits}, ${tokens} tokens`;
}

function isOver({ all, ended, waiting }: BatchProgress): boolean {
  return ended + waiting >= all;
}
