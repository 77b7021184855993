import { RequestFingerprint, type RolloutItem } from '../../foundation/protocol/index.ts';

/** The digests of a request's items, carried from one fingerprint to the next. */
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

/** The digests of the items of the last request that a file records, also of one that was rolled back; empty if none is. */
export function lastRequestItems(lines: readonly RolloutItem[]): readonly string[] {
  const list = new InputList();
  for (const line of lines) {
    if (line.type !== 'step' || line.payload.state !== 'begin' || line.payload.asks === undefined) continue;
    const fingerprint = fingerprintOf(line.payload.asks);
    if (fingerprint !== null) list.apply(fingerprint);
  }
  return list.digests;
}
