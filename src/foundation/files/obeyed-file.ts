import { type WriterLimits, writableByOthers } from '../util/index.ts';
import { FileFault, type PlaceJudge } from './open-real.ts';
import { readRegularFile } from './read-file.ts';

/** A file that keel would obey and that somebody else may have written. */
export class UntrustedFile extends FileFault {
  override readonly name: string = 'UntrustedFile';
}

export interface ObeyedOptions {
  /** A longer file is refused. */
  readonly maxBytes: number;
  /** Who may write it. Called when there is a file. */
  readonly limits: () => WriterLimits;
  /** Absent: the file may be anywhere. */
  readonly judge?: PlaceJudge;
}

/**
 * The bytes of a file that keel takes orders from: settings, rules, instructions.
 * @throws UntrustedFile, FileFault, or what the system says
 */
export function readObeyedFile(path: string, { maxBytes, ...options }: ObeyedOptions): Buffer {
  return readRegularFile(path, { maxBytes, judge: obeyedJudge(path, options) });
}

/** Judges an open file by its name, which has to mean this very file: nobody else may have put it, or the way to it, there. */
export function obeyedJudge(path: string, { limits, judge }: Omit<ObeyedOptions, 'maxBytes'>): PlaceJudge {
  return (place) => {
    const fault = writableByOthers(path, limits());
    if (fault !== null) throw new UntrustedFile(fault);
    return judge?.(place) ?? null;
  };
}
