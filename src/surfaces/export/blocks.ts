import type { ThreadItem } from '../../foundation/protocol/index.ts';

/** What a transcript consists of, in order, free of any format. Texts are as they were recorded. */
export type Block =
  | { readonly type: 'turnStarted'; readonly number: number; readonly at: string | null }
  | TurnEnded
  /** Something a person saw. `output`: what the model got of a tool that tells people less. */
  | { readonly type: 'item'; readonly item: ThreadItem; readonly output: string | null }
  /** Words that keel, not a person, put before the model. */
  | {
      readonly type: 'context';
      readonly title: string;
      readonly text: string;
      readonly isFolded: boolean;
      /** The part of it that people read; null: all of it, or none. */
      readonly result: string | null;
    }
  /** A call that is recorded without what it told while it ran; `output` null: it has none. */
  | { readonly type: 'call'; readonly name: string; readonly input: string; readonly output: string | null }
  | { readonly type: 'compacted'; readonly handover: string }
  | { readonly type: 'failure'; readonly message: string }
  | { readonly type: 'note'; readonly text: string };

export interface TurnEnded {
  readonly type: 'turnEnded';
  readonly number: number;
  readonly status: TurnStatus;
  readonly error: string | null;
  readonly at: string | null;
}

/** `unfinished`: the record says of no end. */
export type TurnStatus = 'completed' | 'interrupted' | 'failed' | 'unfinished';
