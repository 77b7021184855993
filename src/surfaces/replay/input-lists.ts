import type { RequestFingerprint } from '../../foundation/protocol/index.ts';

/** Whether two requests differ in the same way from their predecessors. */
export function sameChange(one: RequestFingerprint, other: RequestFingerprint): boolean {
  return (
    one.cut === other.cut &&
    one.kept === other.kept &&
    one.items.length === other.items.length &&
    one.items.every((item, at) => item === other.items[at])
  );
}

/** The first place at which two lists differ; null if they are equal. */
export function firstDifference(was: readonly string[], now: readonly string[]): number | null {
  const length = Math.max(was.length, now.length);
  for (let at = 0; at < length; at += 1) if (was[at] !== now[at]) return at;
  return null;
}
