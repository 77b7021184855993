import { isAbsolute, join, resolve } from 'node:path';
import { readRegularFile } from '../../../foundation/files/index.ts';
import { isInside, realPath } from '../../../foundation/util/index.ts';

/** Far more than a script has. */
const MAX_SCRIPT_BYTES = 16 * 1024 * 1024;
/** The variable that both formats know for the project's folder. */
const PROJECT_VARIABLE = /\$(?:CLAUDE_PROJECT_DIR\b|\{CLAUDE_PROJECT_DIR\})/g;

/** A file of a project that a hook's command names. */
export interface NamedFile {
  /** Absolute, links resolved. */
  readonly path: string;
  readonly content: Buffer;
}

/**
 * The files of a project that a command line names as words of its own: what such a hook does is decided by their content as much as by
 * the command. What a script loads by itself is not known.
 */
export function namedFiles(command: string, project: string): NamedFile[] {
  const folder = realPath(project);
  const found = new Map<string, Buffer>();
  for (const path of namedPaths(command, project)) {
    const real = realPath(path);
    if (!isInside(real, folder) || found.has(real)) continue;
    const content = fileContent(real);
    if (content !== null) found.set(real, content);
  }
  return [...found].map(([path, content]) => ({ path, content }));
}

/** What the words of a command line may name, absolute. `$(git rev-parse --show-toplevel)/x` leaves `/x`, which is one of them. */
export function namedPaths(command: string, folder: string): string[] {
  const words = command.replaceAll(PROJECT_VARIABLE, folder).split(/[\s"'`;|&<>(){}=]+/);
  const paths = words.filter((word) => word !== '' && !word.startsWith('-'));
  return paths.flatMap((word) => (isAbsolute(word) ? [word, join(folder, word)] : [resolve(folder, word)]));
}

function fileContent(path: string): Buffer | null {
  try {
    return readRegularFile(path, { maxBytes: MAX_SCRIPT_BYTES });
  } catch {
    // A directory, or nothing of that name: no file that a hook could be made of.
    return null;
  }
}
