/** A place where keel would not do what is recorded. Turns count from 1. */
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
  /** The turn takes other steps than are recorded. */
  | { readonly type: 'steps'; readonly turn: number; readonly message: string }
  | { readonly type: 'outcome'; readonly turn: number; readonly was: string; readonly now: string }
  /** A request does not extend the one before, or a call and its output do not match. */
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
  /** The items as JSON; `wasText` is null where the record does not have it. */
  readonly wasText: string | null;
  readonly nowText: string | null;
}

export interface ReplayReport {
  readonly thread: string;
  readonly path: string;
  readonly same: boolean;
  /** Turns that were run again by their steps, and all: the others are conversation only. */
  readonly turns: { readonly run: number; readonly all: number };
  /** Requests that were compared with their fingerprints, and all: of the others only that each extends the one before is known. */
  readonly requests: { readonly compared: number; readonly all: number };
  readonly differences: readonly Difference[];
  readonly notes: readonly string[];
}
