import { plain, trimmed, trimmedEnd } from './white-space.ts';

const BYTE_ORDER_MARK = '\ufeff';

/** Degrees of likeness, the strictest first: each is tried over the whole file before the next. */
const likenesses: readonly ((line: string) => string)[] = [(line) => line, trimmedEnd, trimmed, plain];

/** Limit for the further places of the same lines that are named. */
const MAX_OTHERS = 5;

/** Where lines were found, by the strictest likeness that finds them anywhere. Indexes of lines. */
export interface Place {
  readonly at: number;
  /** Further places of the same lines: the first few. */
  readonly others: readonly number[];
  readonly isExact: boolean;
}

/** A file's text as lines, to search runs of them and to rebuild the file byte for byte. */
export class FileLines {
  /** A byte order mark, or nothing; it belongs to no line. */
  readonly mark: string;
  /** With their ends. The last one has an end too: a text that is written back always has. */
  readonly whole: readonly string[];
  /** Without their ends. */
  readonly bare: readonly string[];
  /** What ends most lines. */
  readonly ending: string;
  /** The bare lines as each likeness sees them, made when first asked for. */
  readonly #seen: (readonly string[])[];
  /** The places of each line, per likeness: a patch may have many blocks. */
  readonly #indexes: ReadonlyMap<string, readonly number[]>[] = [];

  constructor(text: string) {
    this.mark = text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : '';
    const whole = text.slice(this.mark.length).match(/[^\n]*\n|[^\n]+$/g) ?? [];
    this.ending = commonEnding(whole);
    const last = whole.at(-1);
    if (last !== undefined && !last.endsWith('\n')) whole[whole.length - 1] = last + this.ending;
    this.whole = whole;
    this.bare = whole.map((line) => line.slice(0, line.endsWith('\r\n') ? -2 : -1));
    this.#seen = [this.bare];
  }

  /** The place of a run of lines at `start` or later; with `atEnd` only at the end of the file. Null: not found. */
  find(wanted: readonly string[], start: number, atEnd: boolean): Place | null {
    const last = this.bare.length - wanted.length;
    for (const [pass, like] of likenesses.entries()) {
      const lines = this.#seenBy(pass);
      const want = wanted.map(like);
      const from = atEnd ? Math.max(last, 0) : start;
      const places: number[] = [];
      for (const at of this.#candidates(pass, want[0] ?? '')) {
        if (at > last || places.length > MAX_OTHERS) break;
        if (at >= from && matchesAt(lines, want, at)) places.push(at);
      }
      const [at, ...others] = places;
      if (at !== undefined) return { at, others, isExact: pass === 0 };
    }
    return null;
  }

  /** The places of one line, under a likeness. */
  #candidates(pass: number, line: string): readonly number[] {
    const index = this.#indexes[pass] ?? indexOf(this.#seenBy(pass));
    this.#indexes[pass] = index;
    return index.get(line) ?? [];
  }

  #seenBy(pass: number): readonly string[] {
    const like = likenesses[pass];
    const lines = this.#seen[pass] ?? (like ? this.bare.map(like) : this.bare);
    this.#seen[pass] = lines;
    return lines;
  }
}

function indexOf(lines: readonly string[]): ReadonlyMap<string, readonly number[]> {
  const index = new Map<string, number[]>();
  for (const [at, line] of lines.entries()) {
    const places = index.get(line);
    if (places === undefined) index.set(line, [at]);
    else places.push(at);
  }
  return index;
}

function matchesAt(lines: readonly string[], want: readonly string[], at: number): boolean {
  for (let offset = 0; offset < want.length; offset += 1) {
    if (lines[at + offset] !== want[offset]) return false;
  }
  return true;
}

function commonEnding(whole: readonly string[]): string {
  const ended = whole.filter((line) => line.endsWith('\n'));
  const crlf = ended.filter((line) => line.endsWith('\r\n'));
  return crlf.length * 2 > ended.length ? '\r\n' : '\n';
}
