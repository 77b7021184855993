/** How a file was changed, and how many lines were added and removed. */
export interface FileChange {
  readonly kind: 'A' | 'M' | 'D';
  readonly added: number;
  readonly removed: number;
}

interface PatchedFile {
  path: string;
  kind: FileChange['kind'];
  added: number;
  removed: number;
}

/** The files that a patch changes, by path. */
export function filesOf(patch: string): [string, FileChange][] {
  const files: PatchedFile[] = [];
  for (const line of patch.split('\n')) {
    const [, verb, path] = /^\*\*\* (Add|Update|Delete) File: (.+)$/.exec(line) ?? [];
    const moved = /^\*\*\* Move to: (.+)$/.exec(line)?.[1];
    const last = files.at(-1);
    if (verb && path) {
      const kind = verb === 'Add' ? 'A' : verb === 'Delete' ? 'D' : 'M';
      files.push({ path: path.trim(), kind, added: 0, removed: 0 });
    } else if (moved && last) {
      last.kind = 'D';
      files.push({ path: moved.trim(), kind: 'A', added: 0, removed: 0 });
    } else if (last && line.startsWith('+')) last.added += 1;
    else if (last && line.startsWith('-')) last.removed += 1;
  }
  return files.map(({ path, ...fact }) => [path, fact]);
}
