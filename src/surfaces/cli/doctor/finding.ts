/** What a check found. */
export interface Finding {
  readonly name: string;
  /** `missing`: keel can't work without it. `note`: keel works, with less. */
  readonly state: 'ok' | 'note' | 'missing';
  readonly detail: string;
  /** What to do about it; absent: nothing, or the detail says it. */
  readonly fix?: string;
}

/** How long a program or a server may take to answer, ms. */
export const ANSWER_MS = 5_000;
