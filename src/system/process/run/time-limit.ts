import { monotonicMs } from '../../../foundation/util/index.ts';
export interface TimeLimitOptions {
  readonly timeoutMs: number;
  /** Milliseconds up to now that don't count; while it grows, the limit waits. */
  readonly uncounted?: (() => number) | undefined;
  readonly onLimit: () => void;
}

/** How long a limit that waits sleeps at least before it looks again. */
const LOOK_MS = 50;

/** Calls `onLimit` once when the time that counts is over. @returns what stops it */
export function startTimeLimit({ timeoutMs, uncounted = () => 0, onLimit }: TimeLimitOptions): () => void {
  const startedAt = monotonicMs();
  const uncountedBefore = uncounted();
  let timer = setTimeout(look, timeoutMs);
  function look(): void {
    const counted = monotonicMs() - startedAt - (uncounted() - uncountedBefore);
    // A timer may fire a little early.
    if (timeoutMs - counted < 1) onLimit();
    else timer = setTimeout(look, Math.max(timeoutMs - counted, LOOK_MS));
  }
  return () => clearTimeout(timer);
}
