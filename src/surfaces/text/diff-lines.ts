/** A line of a diff. `number` is its line in the new file, or in the old one if it was removed. */
export type DiffLine =
  | { readonly type: 'added' | 'removed' | 'kept'; readonly text: string; readonly number: number }
  /** Between two hunks. */
  | { readonly type: 'gap' }
  /** A file's name, where a diff has several. */
  | { readonly type: 'file'; readonly text: string; readonly path: string }
  /** What else git says: modes, renames, binary files, the missing line end. */
  | { readonly type: 'note'; readonly text: string };

export type DiffForm = 'added' | 'deleted' | 'unified';

/** Reads a diff in the unified form, or the whole text of a file that was added or deleted. */
export function diffLines(diff: string, form: DiffForm): DiffLine[] {
  const lines = diff
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => line.replace(/\r$/, ''));
  if (diff === '') return [];
  if (form === 'unified') return unifiedLines(lines);
  const type = form === 'added' ? 'added' : 'removed';
  return lines.map((text, index) => ({ type, text, number: index + 1 }));
}

function unifiedLines(lines: readonly string[]): DiffLine[] {
  const found: DiffLine[] = [];
  let old = 0;
  let now = 0;
  // Lines of the hunk that are still to come: with them `--- x` is a line of text, without them the name of a file.
  let oldLeft = 0;
  let nowLeft = 0;
  let hasHunk = false;
  let file: FileNames = { old: null, shown: null };
  for (const line of lines) {
    const hunk = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line);
    const sign = line.charAt(0);
    const text = line.slice(1);
    if (hunk) {
      if (hasHunk) found.push({ type: 'gap' });
      hasHunk = true;
      old = Number(hunk[1]);
      now = Number(hunk[3]);
      oldLeft = Number(hunk[2] ?? 1);
      nowLeft = Number(hunk[4] ?? 1);
    } else if (line.startsWith('\\')) {
      found.push({ type: 'note', text: line });
    } else if (sign === '+' && nowLeft > 0) {
      found.push({ type: 'added', text, number: now++ });
      nowLeft -= 1;
    } else if (sign === '-' && oldLeft > 0) {
      found.push({ type: 'removed', text, number: old++ });
      oldLeft -= 1;
    } else if (nowLeft > 0 && oldLeft > 0) {
      // Some programs drop the blank of an empty line.
      found.push({ type: 'kept', text, number: now++ });
      old += 1;
      oldLeft -= 1;
      nowLeft -= 1;
    } else {
      if (/^(?:diff |\+\+\+ )/.test(line)) hasHunk = false;
      const header = headerLine(line, file);
      file = header.file;
      found.push(...header.lines);
    }
  }
  return found;
}

interface FileNames {
  /** The name before the change. */
  readonly old: string | null;
  /** The name that was given already: git's first line has it, the only one if no text changed. */
  readonly shown: string | null;
}

interface Header {
  readonly lines: readonly DiffLine[];
  readonly file: FileNames;
}

function headerLine(line: string, file: FileNames): Header {
  if (line.startsWith('diff ')) {
    const same = /^diff --git a\/(.*) b\/\1$/.exec(line)?.[1] ?? null;
    return named(same, { old: null, shown: null });
  }
  const old = /^--- (?:a\/)?(.*?)(?:\t.*)?$/.exec(line)?.[1];
  if (old !== undefined) return { lines: [], file: { ...file, old } };
  const now = /^\+\+\+ (?:b\/)?(.*?)(?:\t.*)?$/.exec(line)?.[1];
  if (now !== undefined) return named(now === '/dev/null' ? file.old : now, file);
  const isNote = !/^(?:index |similarity )/.test(line) && line !== '';
  return { lines: isNote ? [{ type: 'note', text: line }] : [], file };
}

function named(path: string | null, file: FileNames): Header {
  const lines: DiffLine[] = path === null || path === file.shown ? [] : [{ type: 'file', text: path, path }];
  return { lines, file: { ...file, shown: path } };
}
