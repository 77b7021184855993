import type { Ending, ItemPart, Json, Pause, Usage } from '../script.ts';

/** The parts of a scripted response that every API sends in its own form. */
export interface ResponseFacts {
  /** Counts requests from 0; ids are made from it. */
  readonly index: number;
  /** Undefined: the script has none. */
  readonly usage: Usage | undefined;
}

/** An item's place in a response, and the id of its call where the script gives none. */
export interface ItemPlace {
  readonly at: number;
  readonly callId: string;
}

/** The endings that the stream shows; null: the response is complete. */
export type ToldEnding = Extract<Ending, { type: 'failed' | 'incomplete' | 'keepOpen' }> | null;

/** One response in the form of one API. Events are numbered in the order of the calls. */
export interface WireForm {
  begin(): readonly Json[];
  /** An item; if it is unfinished, everything up to where it breaks off. */
  item(part: ItemPart, place: ItemPlace): readonly (Json | Pause)[];
  end(ending: ToldEnding): readonly Json[];
  /** `name` null: the event goes without one. */
  frame(event: Json, sequence: number): { readonly name: string | null; readonly data: string };
}

export type WireFormMaker = (facts: ResponseFacts) => WireForm;

export function isPause(step: Json | Pause): step is Pause {
  return step['type'] === 'delay' || step['type'] === 'hold';
}

/** The texts that the item's events carry one after the other, whichever of them they belong to. */
export function deltasOf(part: ItemPart, delta: (text: string) => Json): readonly (Json | Pause)[] {
  return part.streaming.flatMap((step) => {
    if (isPause(step)) return [step];
    return typeof step['delta'] === 'string' ? [delta(step['delta'])] : [];
  });
}
