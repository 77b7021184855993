import { RequestFingerprint } from '../protocol/index.ts';

/** The digests of a request's items, kept up from one fingerprint to the next. */
export class InputList {
  readonly digests: string[] = [];

  apply({ cut, kept, items }: RequestFingerprint): void {
    this.digests.splice(0, Math.min(cut, this.digests.length));
    this.digests.length = Math.min(kept, this.digests.length);
    for (const item of items) this.digests.push(item);
  }
}

export function fingerprintOf(value: unknown): RequestFingerprint | null {
  return RequestFingerprint.safeParse(value).data ?? null;
}

/** Whether two requests differ in the same way from the one before. */
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
