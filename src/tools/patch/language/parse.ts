import { trimmed, trimmedEnd } from '../match/white-space.ts';
import { type Chunk, PatchFailure, type Row, type Section } from '../patch.ts';

const BEGIN = '*** Begin Patch';
const END = '*** End Patch';
const ADD = '*** Add File: ';
const DELETE = '*** Delete File: ';
const UPDATE = '*** Update File: ';
const MOVE = '*** Move to: ';
const END_OF_FILE = '*** End of File';

export interface ParsedPatch {
  /** The patch without a here-document or code fence: this is shown, approved and applied. */
  readonly text: string;
  /** What the parser assumed; one sentence each. */
  readonly notes: readonly string[];
  readonly sections: readonly Section[];
}

/** Reads the patch language. @throws PatchFailure with the line that is wrong */
export function parsePatch(input: string): ParsedPatch {
  const { lines, notes } = framedLines(trimmed(input).split('\n').map(withoutCarriageReturn));
  return { text: lines.join('\n'), notes, sections: new SectionReader(lines).all() };
}

interface Framed {
  /** From begin to end marker. */
  readonly lines: string[];
  readonly notes: readonly string[];
}

function framedLines(wrapped: string[]): Framed {
  const lines = unwrapped(wrapped);
  const fault = boundaryFault(lines);
  if (fault === null) return { lines, notes: [] };
  if (isOnlyUnended(lines)) return { lines: [...lines, END], notes: [`'${END}' was missing and taken as the end.`] };
  throw new PatchFailure({ type: 'boundary', message: fault });
}

/** Removes the here-documents and code fences around a patch; each has to be closed as it was opened. */
function unwrapped(lines: string[]): string[] {
  const [first = ''] = lines;
  const last = trimmed(lines.at(-1) ?? '');
  const heredoc = /^(?:apply_?patch +)?<<-? ?(?:'([^']+)'|"([^"]+)"|(\w+))$/.exec(trimmed(first));
  const fence = /^(`{3,}|~{3,})[\w+-]*$/.exec(trimmed(first));
  const end = heredoc === null ? fence?.[1] : (heredoc[1] ?? heredoc[2] ?? heredoc[3]);
  if (lines.length < 4 || end === undefined || last !== end) return lines;
  return unwrapped(trimmed(lines.slice(1, -1).join('\n')).split('\n'));
}

/** Whether only the end marker is missing. A section that ends after its first line shows that more is missing. */
function isOnlyUnended(lines: readonly string[]): boolean {
  const last = lines.at(-1) ?? '';
  const isRow = /^[-+ @]/.test(last) || last === END_OF_FILE || last.startsWith(DELETE);
  return trimmed(lines[0] ?? '') === BEGIN && isRow && !lines.some((line) => trimmed(line) === END);
}

function boundaryFault(lines: readonly string[]): string | null {
  const isEmpty = lines.length === 1 && lines[0] === '';
  if (!isEmpty && trimmed(lines[0] ?? '') !== BEGIN) return `The first line of the patch must be '${BEGIN}'`;
  if (trimmed(lines.at(-1) ?? '') === END && !isEmpty) return null;
  const end = lines.findIndex((line) => trimmed(line) === END);
  return `The last line of the patch must be '${END}'${end === -1 ? '' : `; it is line ${end + 1}, and more follows`}`;
}

class SectionReader {
  readonly #lines: readonly string[];
  /** Index of the next line; the begin marker is line 0, the end marker the last. */
  #at = 1;

  constructor(lines: readonly string[]) {
    this.#lines = lines;
  }

  all(): Section[] {
    const sections: Section[] = [];
    while (this.#hasMore()) {
      if (trimmed(this.#line()) === '') this.#at += 1;
      else sections.push(this.#section());
    }
    return sections;
  }

  #section(): Section {
    const head = trimmed(this.#line());
    const start = this.#at;
    this.#at += 1;
    if (head.startsWith(ADD)) return { type: 'add', path: this.#path(head, ADD, start), content: this.#addedContent() };
    if (head.startsWith(DELETE)) return { type: 'delete', path: this.#path(head, DELETE, start) };
    if (head.startsWith(UPDATE)) return this.#update(this.#path(head, UPDATE, start), start);
    return this.#fail(
      start,
      `'${head}' is not a valid hunk header. Valid hunk headers: '${ADD}{path}', '${DELETE}{path}', '${UPDATE}{path}'`,
    );
  }

  #path(head: string, marker: string, at: number): string {
    const path = head.slice(marker.length);
    if (path.trim() === '' || path.includes('\0')) this.#fail(at, `'${head}' names no file`);
    return path;
  }

  #addedContent(): string {
    let content = '';
    while (this.#hasMore() && this.#line().startsWith('+')) {
      content += `${this.#line().slice(1)}\n`;
      this.#at += 1;
    }
    return content;
  }

  #update(path: string, start: number): Section {
    let moveTo: string | null = null;
    if (this.#hasMore() && this.#line().startsWith(MOVE)) {
      moveTo = this.#path(this.#line(), MOVE, this.#at);
      this.#at += 1;
    }
    const chunks: Chunk[] = [];
    for (;;) {
      while (this.#hasMore() && trimmed(this.#line()) === '') this.#at += 1;
      if (!this.#hasMore() || this.#line().startsWith('***')) break;
      chunks.push(this.#chunk(chunks.length === 0));
    }
    if (chunks.length === 0) {
      const hint = moveTo === null ? '' : ': a move needs a row too, such as a space and a line of the file';
      this.#fail(start, `Update file hunk for path '${path}' is empty${hint}`);
    }
    return { type: 'update', path, moveTo, chunks };
  }

  #chunk(isFirst: boolean): Chunk {
    const headers: string[] = [];
    const start = this.#at;
    while (this.#hasMore() && isHeader(this.#line())) {
      const text = headerText(this.#line());
      if (text !== null) headers.push(text);
      this.#at += 1;
    }
    if (this.#at === start && !isFirst) {
      this.#fail(start, `Expected update hunk to start with a @@ context marker, got: '${this.#line()}'`);
    }
    const rows: Row[] = [];
    let atEnd = false;
    while (this.#hasMore() && !atEnd) {
      const line = this.#line();
      const row = trimmedEnd(line) === END_OF_FILE ? null : rowOf(line);
      if (row) rows.push(row);
      else if (trimmedEnd(line) === END_OF_FILE) atEnd = true;
      else break;
      this.#at += 1;
    }
    if (rows.length > 0) return { headers, rows, atEnd };
    const line = this.#hasMore() && !atEnd ? this.#line() : null;
    if (line === null || line.startsWith('***')) {
      this.#fail(atEnd ? this.#at - 1 : this.#at, 'Update hunk does not contain any lines');
    }
    // Counted from the line after the block's first, as if that were a header: clients know these numbers.
    return this.#fail(
      Math.max(this.#at, start + 1),
      `Unexpected line found in update hunk: '${line}'. Every line should start with ' ' (context line), '+' (added line), or '-' (removed line)`,
    );
  }

  #hasMore(): boolean {
    return this.#at < this.#lines.length - 1;
  }

  #line(): string {
    return this.#lines[this.#at] ?? '';
  }

  /** `at` is the index of the line: the begin marker counts as line 1. */
  #fail(at: number, message: string): never {
    throw new PatchFailure({ type: 'syntax', message, line: at + 1 });
  }
}

function isHeader(line: string): boolean {
  return line === '@@' || line.startsWith('@@ ');
}

/** The line that a header names; null for a bare one. The ranges of a unified diff are ignored. */
function headerText(line: string): string | null {
  const text = line.slice(3);
  const range = /^-\d+(?:,\d+)? \+\d+(?:,\d+)? @@ ?/.exec(text)?.[0];
  const rest = range === undefined ? text : text.slice(range.length);
  return trimmed(rest) === '' ? null : rest;
}

function rowOf(line: string): Row | null {
  if (line === '') return { type: 'keep', text: '' };
  const text = line.slice(1);
  if (line.startsWith(' ')) return { type: 'keep', text };
  if (line.startsWith('+')) return { type: 'add', text };
  return line.startsWith('-') ? { type: 'remove', text } : null;
}

function withoutCarriageReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
