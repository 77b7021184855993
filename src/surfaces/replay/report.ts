/** Where and how a thread would not go as it is recorded. Turns count from 1. */
export type Difference =
  | {
      readonly type: 'request';
      readonly turn: number;
      readonly step: string;
      readonly part: 'instructions' | 'tools' | 'options';
      /** Digests, `<hex>:<bytes>`. */
      readonly was: string;
      readonly now: string;
    }
  | InputDifference
  /** The turn takes other steps than it did. */
  | { readonly type: 'steps'; readonly turn: number; readonly message: string }
  | { readonly type: 'outcome'; readonly turn: number; readonly was: string; readonly now: string }
  /** A request does not go on from the one before, or a call and its output do not belong together. */
  | { readonly type: 'form'; readonly turn: number; readonly message: string };

export interface InputDifference {
  readonly type: 'input';
  readonly turn: number;
  readonly step: string;
  /** The first item that differs, counted from 0. */
  readonly item: number;
  readonly change: 'changed' | 'added' | 'missing';
  /** Digests; null: there is no such item. */
  readonly was: string | null;
  readonly now: string | null;
  /** The items as JSON. What was sent then is only known where the record has it. */
  readonly wasText: string | null;
  readonly nowText: string | null;
}

export interface ReplayReport {
  readonly thread: string;
  readonly path: string;
  readonly same: boolean;
  /** Turns that were run again by their steps; the others are conversation only. */
  readonly turns: { readonly run: number; readonly all: number };
  /** Compared with what was sent; of the others it is only known that each goes on from the one before. */
  readonly requests: { readonly compared: number; readonly all: number };
  readonly differences: readonly Difference[];
  readonly notes: readonly string[];
}
