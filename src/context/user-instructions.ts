import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { ResponseItem } from '../protocol/index.ts';
import { readJudge } from '../sandbox/index.ts';
import { contextMessage } from './context-tags.ts';
import { escaped } from './escape.ts';
import { projectFolders } from './project-folders.ts';

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
  /** What commands can't read beside the credentials in the home: a link of the project's must not bring it in. */
  readonly hidden?: readonly string[];
  /** The user does not trust this project: its files are not read, and the model is not told of them. */
  readonly untrusted?: boolean;
  /** Told of each file that was cut, for the user. */
  readonly onWarning?: (message: string) => void;
}

/** The user's and the project's instructions as one message; null if there are none. */
export function userInstructions(sources: InstructionSources): ResponseItem | null {
  const parts = [homeInstructions(sources), projectInstructions(sources)].filter((part) => part !== '');
  if (parts.length === 0) return null;
  return contextMessage(`<user_instructions>\n\n${parts.join(SEPARATOR)}\n\n</user_instructions>`);
}

function homeInstructions({ home, onWarning }: InstructionSources): string {
  for (const name of NAMES) {
    const path = join(home, name);
    const file = isFile(path) ? readStart(path, MAX_HOME_BYTES) : null;
    if (file && file.text.trim() !== '') return withCutNote(file, { name: path, path, onWarning });
  }
  return '';
}

/** From the repository's root down to the working directory, one file a folder, each headed by its path. */
function projectInstructions(sources: InstructionSources): string {
  const { home, hidden, cwd, maxBytes, fallbackNames, untrusted, onWarning } = sources;
  if (untrusted) return '';
  const mayRead = readJudge({ policy: { mode: 'read-only' }, home, hidden });
  const parts: string[] = [];
  let left = maxBytes;
  const folders = projectFolders(cwd);
  const real = folders.at(-1) ?? cwd;
  for (const dir of folders) {
    if (left <= 0) break;
    const path = instructionFile(dir, fallbackNames);
    const file = path === null || !mayRead(path) ? null : readStart(path, left);
    if (!file || path === null) continue;
    if (file.text.trim() !== '') {
      const name = relative(real, path);
      parts.push(`[${escaped(name)}]\n${withCutNote(file, { name, path, onWarning })}`);
      left -= file.bytes;
    }
    // The file that crosses the budget is the last one, even if nothing of it fits.
    if (file.bytes < file.total) break;
  }
  return parts.join('\n\n');
}

interface CutNoteFacts {
  /** As the model is told it. */
  readonly name: string;
  readonly path: string;
  readonly onWarning: ((message: string) => void) | undefined;
}

function withCutNote(file: FileStart, { name, path, onWarning }: CutNoteFacts): string {
  if (file.bytes === file.total) return file.text;
  onWarning?.(`${path}: ${file.bytes} of ${file.total} bytes are sent to the model (project_doc_max_bytes)`);
  return `${file.text}\n[${escaped(name)}: ${file.bytes} of ${file.total} bytes shown; read the file for the rest]`;
}

function instructionFile(dir: string, fallbackNames: readonly string[]): string | null {
  for (const name of [...NAMES, ...fallbackNames.filter((candidate) => candidate.trim() !== '')]) {
    const path = join(dir, name);
    if (isFile(path)) return path;
  }
  return null;
}

/** A regular file, or a link to one. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    // Not there, a dangling link, or out of reach: there is nothing to read here.
    return false;
  }
}

interface FileStart {
  readonly text: string;
  /** Bytes taken; never part of a character. */
  readonly bytes: number;
  readonly total: number;
}

/** The beginning of a file; null if it can't be read: instructions are a help, not a need. */
function readStart(path: string, maxBytes: number): FileStart | null {
  let fd: number | null = null;
  try {
    fd = openSync(path, 'r');
    const total = fstatSync(fd).size;
    const buffer = Buffer.alloc(Math.min(total, maxBytes));
    const read = readSync(fd, buffer);
    const bytes = read < total ? wholeCharacters(buffer, read) : read;
    const text = buffer.toString('utf8', 0, bytes);
    return { text: text.replace(/^\ufeff/, '').replaceAll('\r\n', '\n'), bytes, total };
  } catch {
    // Not there, a directory, not readable: as if it were absent.
    return null;
  } finally {
    if (fd !== null) closeSync(fd);
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
