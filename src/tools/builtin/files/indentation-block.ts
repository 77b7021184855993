const TAB_WIDTH = 4;
const LEVEL_WIDTH = 4;

export interface BlockRequest {
  /** Line from which the block grows, counted from 1. */
  readonly anchor: number;
  /** How many levels of indentation to go outwards; 0: all. */
  readonly max_levels?: number | undefined;
  readonly include_siblings?: boolean | undefined;
  /** Take comment lines above the block's head. */
  readonly include_header?: boolean | undefined;
  readonly max_lines?: number | undefined;
  readonly limit: number;
}

export type Block =
  | { readonly ok: true; readonly first: number; readonly last: number }
  | { readonly ok: false; readonly message: string };

/** The block of lines that an anchor belongs to by indentation. Line numbers count from 1, both inclusive. */
export function indentationBlock(lines: readonly string[], request: BlockRequest): Block {
  const { anchor, limit, max_levels = 0, max_lines } = request;
  if (anchor < 1 || anchor > lines.length) {
    return { ok: false, message: `anchor_line must lie between 1 and ${lines.length}` };
  }
  if (max_lines !== undefined && max_lines < 1) return { ok: false, message: 'max_lines must be at least 1' };
  const indents = effectiveIndents(lines);
  const anchorIndent = indents[anchor - 1] ?? 0;
  const minIndent = max_levels === 0 ? 0 : Math.max(0, anchorIndent - LEVEL_WIDTH * max_levels);
  const room = Math.min(limit, max_lines ?? limit, lines.length);
  return trim(lines, grow({ lines, indents, minIndent, room, request }));
}

interface Growth {
  readonly lines: readonly string[];
  readonly indents: readonly number[];
  readonly minIndent: number;
  readonly room: number;
  readonly request: BlockRequest;
}

/** Takes lines alternately above and below while they are indented at least as far as the outermost level. */
function grow({ lines, indents, minIndent, room, request }: Growth): { first: number; last: number } {
  const { include_siblings = false, include_header = true } = request;
  const range = { first: request.anchor, last: request.anchor };
  const edges = { up: 0, down: 0 };
  const open = { up: true, down: true };
  const step = (side: 'up' | 'down') => {
    const next = side === 'up' ? range.first - 1 : range.last + 1;
    const line = lines[next - 1];
    const indent = indents[next - 1];
    open[side] = line !== undefined && indent !== undefined && indent >= minIndent;
    if (!open[side] || line === undefined) return;
    if (indent === minIndent && !include_siblings) {
      const isHeader = side === 'up' && include_header && /^\s*(#|\/\/|--)/.test(line);
      if (edges[side] > 0 && !isHeader) {
        open[side] = false;
        return;
      }
      if (!isHeader) edges[side] += 1;
    }
    if (side === 'up') range.first = next;
    else range.last = next;
  };
  while ((open.up || open.down) && range.last - range.first + 1 < room) {
    if (open.up) step('up');
    if (open.down && range.last - range.first + 1 < room) step('down');
  }
  return range;
}

function trim(lines: readonly string[], { first, last }: { first: number; last: number }): Block {
  let from = first;
  let to = last;
  while (from < to && (lines[from - 1] ?? '').trim() === '') from += 1;
  while (to > from && (lines[to - 1] ?? '').trim() === '') to -= 1;
  return { ok: true, first: from, last: to };
}

/** Columns of indentation; a blank line has that of the line before it. */
function effectiveIndents(lines: readonly string[]): number[] {
  let previous = 0;
  return lines.map((line) => {
    if (line.trim() === '') return previous;
    const lead = /^[\t ]*/.exec(line)?.[0] ?? '';
    previous = [...lead].reduce((width, char) => width + (char === '\t' ? TAB_WIDTH : 1), 0);
    return previous;
  });
}
