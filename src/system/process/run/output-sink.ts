import { StringDecoder } from 'node:string_decoder';
import { fitsModel, type PartialText } from '../../../foundation/util/index.ts';
import { BoundedOutput } from './bounded-output.ts';
import { SpillFile, type SpillOptions } from './spill-file.ts';

/** Room below the model's limit for keel's own lines, bytes: an output that needs it is kept as well. */
const NOTES_RESERVE = 1_024;

export interface SinkOptions {
  /** Where the whole output goes; null keeps only what fits in memory. */
  readonly spill: SpillOptions | null;
  /** Live text, in order, never cut inside a character. */
  readonly onText: (text: string) => void;
}

export interface SinkResult {
  /** Both streams in order of arrival, bounded: a line says what was left out of the middle. */
  readonly output: string;
  /** The output in two parts, beginning and end. */
  readonly partial: PartialText;
  readonly totalBytes: number;
  /** The file with the whole output, if it was too long to be shown. */
  readonly spillPath: string | null;
  /** What the file holds: less than `totalBytes` where it reached its limit. */
  readonly spilledBytes: number;
}

/** Takes the output of a program in: kept in memory, written to a file, shown as it comes. */
export class OutputSink {
  readonly #kept = new BoundedOutput();
  readonly #spill: SpillFile | null;
  readonly #onText: (text: string) => void;
  readonly #decoders = new Map<string, StringDecoder>();

  constructor({ spill, onText }: SinkOptions) {
    this.#spill = spill && new SpillFile(spill);
    this.#onText = onText;
  }

  /** Done in one go with the read: that is the back-pressure, a flood waits in the pipe and not in memory. */
  take(chunk: Buffer, stream: string): void {
    this.#kept.append(chunk);
    this.#spill?.append(chunk);
    const text = this.#decoderOf(stream).write(chunk);
    if (text !== '') this.#onText(text);
  }

  get totalBytes(): number {
    return this.#kept.totalBytes;
  }

  get totalLines(): number {
    return this.#kept.totalLines;
  }

  /** All so far, bounded. */
  text(): string {
    return this.#kept.text();
  }

  /** The file, for as long as it is of use: short output leaves none. */
  get spill(): Pick<SinkResult, 'spillPath' | 'spilledBytes'> {
    const spill = this.#spill;
    if (spill === null || spill.bytes === 0 || fitsModel(this.#kept.partial(), NOTES_RESERVE)) {
      return { spillPath: null, spilledBytes: 0 };
    }
    return { spillPath: spill.path, spilledBytes: spill.bytes };
  }

  /** Closes the file, and removes it if the output turned out short. Nothing is written to it any more. */
  end(): SinkResult {
    const spill = this.spill;
    const partial = this.#kept.partial();
    this.#spill?.end(spill.spillPath !== null);
    return { output: this.#kept.text(), partial, totalBytes: partial.totalBytes, ...spill };
  }

  /** Each stream may be cut inside a character at its own places. */
  #decoderOf(stream: string): StringDecoder {
    let decoder = this.#decoders.get(stream);
    if (!decoder) {
      decoder = new StringDecoder('utf8');
      this.#decoders.set(stream, decoder);
    }
    return decoder;
  }
}
