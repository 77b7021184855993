/** Limit for the ranges that are named. */
const MAX_RANGES = 8;

interface Range {
  readonly first: number;
  last: number;
}

/**
 * The lines of the new text that a unified diff touches, as `9-14,40`; empty if there are none. Lines that were only removed
 * are named by the line that is now in their place.
 */
export function touchedLines(diff: string): string {
  const ranges: Range[] = [];
  for (const hunk of diff.split(/^(?=@@ )/m)) addHunk(ranges, hunk);
  const named = ranges
    .slice(0, MAX_RANGES)
    .map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`));
  return [...named, ...(ranges.length > MAX_RANGES ? ['...'] : [])].join(',');
}

function addHunk(ranges: Range[], hunk: string): void {
  const [header = '', ...rows] = hunk.split('\n');
  const [, start, count] = /^@@ -\S+ \+(\d+)(?:,(\d+))? @@/.exec(header) ?? [];
  if (start === undefined) return;
  // An empty range is given by the line in front of it.
  let at = Number(start) + (count === '0' ? 1 : 0);
  let run: 'kept' | 'removed' | 'added' = 'kept';
  const end = () => {
    if (run === 'removed') add(ranges, at);
  };
  for (const row of rows) {
    if (row.startsWith('+')) {
      add(ranges, at);
      at += 1;
      run = 'added';
    } else if (row.startsWith('-')) {
      if (run === 'kept') run = 'removed';
    } else if (row.startsWith(' ')) {
      end();
      at += 1;
      run = 'kept';
    }
  }
  // Rows at the end of a file have no line behind them.
  if (run === 'removed' && at > 1) add(ranges, at - 1);
}

function add(ranges: Range[], line: number): void {
  const last = ranges.at(-1);
  if (last !== undefined && line <= last.last + 1) last.last = Math.max(last.last, line);
  else ranges.push({ first: line, last: line });
}
