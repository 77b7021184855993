import type { ThreadItem } from '../../foundation/protocol/index.ts';

/** The parts of a transcript, in order, independent of a format. Texts are as they were recorded. */
export type Block =
  | { readonly type: 'turnStarted'; readonly number: number; readonly at: string | null }
  | TurnEnded
  /** An item that people saw. `output`: the model's result, of a tool that shows people less. */
  | { readonly type: 'item'; readonly item: ThreadItem; readonly output: string | null }
  /** A message from keel to the model. */
  | {
      readonly type: 'context';
      readonly title: string;
      readonly text: string;
      readonly isFolded: boolean;
      /** The part that people read; null: all of it, or none. */
      readonly result: string | null;
    }
  /** A call without recorded events; `output` null: it has none. */
  | { readonly type: 'call'; readonly name: string; readonly input: string; readonly output: string | null }
  | { readonly type: 'compacted'; readonly handover: string }
  | { readonly type: 'failure'; readonly message: string }
  | { readonly type: 'note'; readonly text: string };

interface TurnEnded {
  readonly type: 'turnEnded';
  readonly number: number;
  readonly status: TurnStatus;
  readonly error: string | null;
  readonly at: string | null;
}

/** `unfinished`: the record has no end of the turn. */
export type TurnStatus = 'completed' | 'interrupted' | 'failed' | 'unfinished';
