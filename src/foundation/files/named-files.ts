import { statSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { decodeText, isInside, realPath, reasonOf } from '../util/index.ts';
import { FileFault } from './open-real.ts';
import { readRegularFile } from './read-file.ts';

/** Far more than a script has: a larger file is refused. */
const MAX_NAMED_BYTES = 64 * 1024 * 1024;
/** Longer texts are shown by their digest alone, characters. */
const MAX_SHOWN_CHARS = 64 * 1024;
/** What separates words of a command line. A variable is one too: what is behind it is looked for in the project. */
const SEPARATORS = /(?:[\s"'`;|&<>(){}=]|\$\w*)+/;
const QUOTED = [/"([^"]*)"/g, /'([^']*)'/g];
const VARIABLE_BEFORE = /^\$(?:\w+|\{\w+\})/;
/** Nothing can be read there, whatever the rights. */
const ABSENT: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG']);

/** A file of a project that a command line names. */
export interface NamedFile {
  /** Absolute, links resolved. */
  readonly path: string;
  readonly content: Buffer;
}

/**
 * What the words of command lines may name, absolute: a whole line, its words, and the values of its options.
 * `$(git rev-parse --show-toplevel)/x` leaves `/x`, which is one of them.
 */
export function pathsNamedBy(lines: readonly string[], folder: string): string[] {
  const words = lines.flatMap((line) => [
    ...[line, ...wordsOf(line), ...wordsOf(line.replaceAll(/["'\\]/g, ''))],
    ...quotedIn(line),
  ]);
  const paths = [...new Set(words)].filter((word) => !word.startsWith('-') && !/^\/*$/.test(word));
  return paths.flatMap((word) => (isAbsolute(word) ? [word, join(folder, word)] : [resolve(folder, word)]));
}

/** What is in quotes is one word, whatever blanks and signs it has. */
function quotedIn(line: string): string[] {
  const found = QUOTED.flatMap((quoted) => [...line.matchAll(quoted)]);
  return found.map(([, content = '']) => content.replace(VARIABLE_BEFORE, ''));
}

function wordsOf(line: string): string[] {
  return line.split(SEPARATORS).flatMap((word) => {
    const [, attached = ''] = /^-[A-Za-z](.+)$/.exec(word) ?? [];
    return [word, attached, ...word.split(/[,:]/)];
  });
}

/**
 * The files of a project among these paths, also those that a link in it leads to: what such a command does is decided by their
 * content as much as by the command. What a script loads by itself is not known.
 * @throws FileFault that names a file which is there and can't be read: it must not count as absent
 */
export function filesOfProject(paths: readonly string[], project: string): NamedFile[] {
  const folder = realPath(project);
  const found = new Map<string, Buffer>();
  for (const path of paths) {
    const real = realPath(path);
    const isOfProject = [path, real].some((name) => isInside(name, folder) || isInside(name, project));
    if (!isOfProject || found.has(real) || isAbsent(real)) continue;
    found.set(real, contentOf(real, folder));
  }
  return [...found].map(([path, content]) => ({ path, content }));
}

/** A file as it is shown to whoever decides about it. @param digest of its content */
export function namedFileText({ path, content }: NamedFile, project: string, digest: string): string {
  const text = decodeText(content);
  // What is no text looks the same after a change.
  const isShown = text.length <= MAX_SHOWN_CHARS && !text.includes('\uFFFD');
  const shown = isShown ? text.trimEnd() : `(${content.length} bytes, SHA-256 ${digest})`;
  return `--- ${relative(realPath(project), path)}\n${shown}`;
}

/** Nothing has this name, or a directory. */
function isAbsent(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    return error instanceof Error && 'code' in error && ABSENT.has(error.code);
  }
}

function contentOf(path: string, folder: string): Buffer {
  try {
    return readRegularFile(path, { maxBytes: MAX_NAMED_BYTES });
  } catch (cause) {
    throw new FileFault(`${relative(folder, path)} can't be read: ${reasonOf(cause)}`, { cause });
  }
}
