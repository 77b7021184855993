/** Makes the hunks of a unified diff, without file headers; nothing for equal texts. */
export type HunkWriter = (before: string, after: string, contextLines: number) => string;

/** From this many changed lines on, the search for the shortest diff takes too long: one hunk shows all of it. */
const MAX_EDITS = 1_500;

interface Hunk {
  readonly oldStart: number;
  readonly oldLines: number;
  readonly newStart: number;
  readonly newLines: number;
  readonly lines: readonly string[];
}

/** The differ is loaded when the first diff is made. */
export async function loadHunkWriter(): Promise<HunkWriter> {
  const { structuredPatch } = await import('diff');
  return (before, after, context) => {
    if (before === after) return '';
    const options = { context, maxEditLength: MAX_EDITS };
    const patch = structuredPatch('', '', before, after, undefined, undefined, options);
    const hunks = patch?.hunks ?? [wholeChange(before, after, context)];
    return hunks.map(hunkText).join('');
  };
}

function hunkText({ oldStart, oldLines, newStart, newLines, lines }: Hunk): string {
  return `@@ -${range(oldStart, oldLines)} +${range(newStart, newLines)} @@\n${lines.join('\n')}\n`;
}

/** A range in unified diff form: the count only if it is not one; an empty range starts one line earlier. */
function range(start: number, lines: number): string {
  if (lines === 1) return String(start);
  return `${lines === 0 ? start - 1 : start},${lines}`;
}

/** One hunk from the first line that differs to the last. */
function wholeChange(before: string, after: string, context: number): Hunk {
  const old = linesOf(before);
  const now = linesOf(after);
  const shorter = Math.min(old.length, now.length);
  let head = 0;
  while (head < shorter && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail += 1;
  const from = Math.max(0, head - context);
  const upTo = Math.max(0, tail - context);
  const lines = [
    ...rows(' ', old.slice(from, head)),
    ...rows('-', old.slice(head, old.length - tail)),
    ...rows('+', now.slice(head, now.length - tail)),
    ...rows(' ', old.slice(old.length - tail, old.length - upTo)),
  ];
  const oldLines = old.length - upTo - from;
  const newLines = now.length - upTo - from;
  return { oldStart: from + 1, oldLines, newStart: from + 1, newLines, lines };
}

function rows(sign: string, lines: readonly string[]): string[] {
  return lines.flatMap((line) =>
    line.endsWith('\n') ? [sign + line.slice(0, -1)] : [sign + line, '\\ No newline at end of file'],
  );
}

/** Lines with their ends. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}
