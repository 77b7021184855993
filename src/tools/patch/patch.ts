import { type ClosestPlace, describePlace } from './match/closest-place.ts';

/** One line of a change. `keep` lines place it, and stay as the file has them. */
export type Row =
  | { readonly type: 'keep'; readonly text: string }
  | { readonly type: 'remove'; readonly text: string }
  | { readonly type: 'add'; readonly text: string };

/** One `@@` block of an update. */
export interface Chunk {
  /** Whole lines above the block, outermost first. */
  readonly headers: readonly string[];
  readonly rows: readonly Row[];
  /** The block ends at the end of the file. */
  readonly atEnd: boolean;
}

/** One file operation, with the path as it is written. */
export type Section =
  | { readonly type: 'add'; readonly path: string; readonly content: string }
  | { readonly type: 'delete'; readonly path: string }
  | {
      readonly type: 'update';
      readonly path: string;
      readonly moveTo: string | null;
      readonly chunks: readonly Chunk[];
    };

/** A fault of a patch, or of applying it. A value, since the author of the patch can react to it. */
export type PatchFault =
  /** The text is not framed as a patch. */
  | { readonly type: 'boundary'; readonly message: string }
  /** `line` counts from 1, the begin marker. */
  | { readonly type: 'syntax'; readonly message: string; readonly line: number }
  /** It does not fit the files; `closest` is the place that was probably meant. */
  | { readonly type: 'mismatch'; readonly message: string; readonly closest: ClosestPlace | null }
  /** A file could not be read or written. */
  | { readonly type: 'io'; readonly message: string };

export type Fallible<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: PatchFault };

/** Thrown inside the patch engine only; its public functions turn it into a value. */
export class PatchFailure extends Error {
  readonly fault: PatchFault;

  constructor(fault: PatchFault) {
    super(fault.message);
    this.fault = fault;
  }
}

/** Runs part of the patch engine, and returns its failure as a value. */
export async function fallible<T>(work: () => T | Promise<T>): Promise<Fallible<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    if (error instanceof PatchFailure) return { ok: false, fault: error.fault };
    throw error;
  }
}

/** Text for the command line. */
export function describeFault(fault: PatchFault): string {
  if (fault.type === 'boundary') return `Invalid patch: ${fault.message}`;
  if (fault.type === 'syntax') return `Invalid patch hunk on line ${fault.line}: ${fault.message}`;
  return fault.message;
}

/** Text for a model, after `apply_patch verification failed: `. */
export function describeFaultToModel(fault: PatchFault): string {
  if (fault.type === 'boundary') return `invalid patch: ${fault.message}`;
  if (fault.type === 'syntax') return `invalid hunk at line ${fault.line}, ${fault.message}`;
  return fault.message;
}

/** A hint that may help a model to fix the patch; null if there is none. */
export function hintToModel(fault: PatchFault): string | null {
  return fault.type === 'mismatch' && fault.closest !== null ? describePlace(fault.closest) : null;
}
