import { closeSync, existsSync, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { ResponseItem } from '../protocol/index.ts';
import { contextMessage } from './context-tags.ts';
import { escaped } from './escape.ts';

const SEPARATOR = '\n\n--- project-doc ---\n\n';
const NAMES = ['AGENTS.override.md', 'AGENTS.md'];
/** The user's own file in the home is not counted against the project's budget, but has a bound too. */
const MAX_HOME_BYTES = 1024 * 1024;

export interface InstructionSources {
  readonly home: string;
  /** Absolute. */
  readonly cwd: string;
  /** Over all project files together; 0 reads none. */
  readonly maxBytes: number;
  /** Names to look for where neither of the usual ones is. */
  readonly fallbackNames: readonly string[];
}

/** The user's and the project's instructions as one message; null if there are none. */
export function userInstructions(sources: InstructionSources): ResponseItem | null {
  const parts = [homeInstructions(sources.home), projectInstructions(sources)].filter((part) => part !== '');
  if (parts.length === 0) return null;
  return contextMessage(`<user_instructions>\n\n${parts.join(SEPARATOR)}\n\n</user_instructions>`);
}

function homeInstructions(home: string): string {
  for (const name of NAMES) {
    const file = readStart(join(home, name), MAX_HOME_BYTES);
    if (file && file.text.trim() !== '') return file.text;
  }
  return '';
}

/** From the repository's root down to the working directory, one file a folder, each headed by its path. */
function projectInstructions({ cwd, maxBytes, fallbackNames }: InstructionSources): string {
  const parts: string[] = [];
  let left = maxBytes;
  const real = realDirectory(cwd);
  for (const dir of foldersFromRoot(real)) {
    if (left <= 0) break;
    const path = instructionFile(dir, fallbackNames);
    const file = path === null ? null : readStart(path, left);
    if (!file || path === null || file.text.trim() === '') continue;
    left -= file.bytes;
    const name = escaped(relative(real, path));
    const note =
      file.bytes < file.total
        ? `\n[${name}: ${file.bytes} of ${file.total} bytes shown; read the file for the rest]`
        : '';
    parts.push(`[${name}]\n${file.text}${note}`);
  }
  return parts.join('\n\n');
}

function instructionFile(dir: string, fallbackNames: readonly string[]): string | null {
  for (const name of [...NAMES, ...fallbackNames.filter((candidate) => candidate.trim() !== '')]) {
    const path = join(dir, name);
    if (statSync(path, { throwIfNoEntry: false })?.isFile()) return path;
  }
  return null;
}

function foldersFromRoot(cwd: string): string[] {
  const folders: string[] = [];
  for (let dir = cwd; ; dir = dirname(dir)) {
    folders.unshift(dir);
    if (existsSync(join(dir, '.git'))) return folders;
    if (dir === dirname(dir)) return [cwd];
  }
}

interface FileStart {
  readonly text: string;
  /** Bytes taken; never part of a character. */
  readonly bytes: number;
  readonly total: number;
}

/** The beginning of a file; null if it can't be read. */
function readStart(path: string, maxBytes: number): FileStart | null {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    // Not there, or not readable: instructions are a help, not a need.
    return null;
  }
  try {
    const total = fstatSync(fd).size;
    const buffer = Buffer.alloc(Math.min(total, maxBytes));
    let bytes = readSync(fd, buffer);
    if (bytes < total) bytes = wholeCharacters(buffer, bytes);
    const text = buffer
      .toString('utf8', 0, bytes)
      .replace(/^\ufeff/, '')
      .replaceAll('\r\n', '\n');
    return { text, bytes, total };
  } finally {
    closeSync(fd);
  }
}

/** The largest length up to `end` at which no character is cut. */
function wholeCharacters(buffer: Buffer, end: number): number {
  let start = end - 1;
  while (start > 0 && ((buffer[start] ?? 0) & 0xc0) === 0x80) start -= 1;
  const lead = buffer[start] ?? 0;
  const width = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return start + width > end ? start : end;
}

function realDirectory(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // The turn will say that the directory is gone.
    return path;
  }
}
