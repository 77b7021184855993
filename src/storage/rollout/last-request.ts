import * as z from 'zod/mini';
import {
  RequestFingerprint,
  RequestRecord,
  type RolloutItem,
  type StepRecord,
  TokenUsage,
} from '../../foundation/protocol/index.ts';

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

/** The part of a request's step value that says what the request took. Records of older versions have no `request`. */
const Answered = z.object({ usage: z.nullable(TokenUsage), request: RequestRecord });
export type AnsweredRequest = z.infer<typeof Answered>;

/** The last request of a thread, also one that was rolled back. */
export interface LastRequest {
  /** Digests of its items, oldest first; empty if there was no request. */
  readonly digests: readonly string[];
  readonly fingerprint: RequestFingerprint | null;
  /** The last request that was answered; null: no record says. */
  readonly answered: AnsweredRequest | null;
}

export const NO_REQUEST: LastRequest = { digests: [], fingerprint: null, answered: null };

export function lastRequest(lines: readonly RolloutItem[]): LastRequest {
  const list = new InputList();
  let fingerprint: RequestFingerprint | null = null;
  let answered: unknown = null;
  for (const line of lines) {
    if (line.type !== 'step') continue;
    const { state, asks } = line.payload;
    if (isAnswer(line.payload)) answered = line.payload.value;
    if (state !== 'begin' || asks === undefined) continue;
    const next = fingerprintOf(asks);
    if (next === null) continue;
    fingerprint = next;
    list.apply(next);
  }
  return { digests: list.digests, fingerprint, answered: Answered.safeParse(answered).data ?? null };
}

/** What a request took whose end this line is; null for any other line, and in records of older versions. */
export function answeredRequest(line: RolloutItem): AnsweredRequest | null {
  return line.type === 'step' && isAnswer(line.payload) ? (Answered.safeParse(line.payload.value).data ?? null) : null;
}

function isAnswer({ kind, state, value }: StepRecord): boolean {
  const isRequest = state === 'end' && (kind === 'sampling' || kind === 'compact');
  return isRequest && typeof value === 'object' && value !== null && 'request' in value;
}
