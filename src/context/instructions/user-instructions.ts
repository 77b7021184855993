import { statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { FileFault, kindFault, obeyedJudge, type PlaceJudge, readFileStart } from '../../foundation/files/index.ts';
import type { ResponseItem } from '../../foundation/protocol/index.ts';
import {
  decodeText,
  isInside,
  ownerOf,
  utf16MarkOf,
  type WriterLimits,
  writersOf,
} from '../../foundation/util/index.ts';
import { readJudge } from '../../system/sandbox/index.ts';
import { contextMessage } from '../context-message.ts';
import { escaped } from '../escape.ts';
import { projectFolders } from './project-folders.ts';

const SEPARATOR = '\n\n--- project-doc ---\n\n';
const NAMES = ['AGENTS.override.md', 'AGENTS.md'];
/** Where a project has none of the others: many have written for one agent only. */
const OTHER_NAMES = ['CLAUDE.md'];
/** Limit for the user's own file in keel's home, which does not count against the project's budget. */
const MAX_HOME_BYTES = 1024 * 1024;
const SMALL_WINDOW = "the model's window is small";

export interface InstructionSources {
  readonly home: string;
  /** Absolute. */
  readonly cwd: string;
  /** Limit for all project files together; 0 reads none. */
  readonly maxBytes: number;
  /** Limit for all files together, by the model's window; half of it is the project's. Absent: none. */
  readonly windowBytes?: number;
  /** Names to try where there is neither of the usual ones. */
  readonly fallbackNames: readonly string[];
  /** Paths that commands can't read, besides the credentials in keel's home: a link in the project must not include them. */
  readonly hidden?: readonly string[];
  /** The user does not trust this project: its files are neither read nor mentioned. */
  readonly untrusted?: boolean;
  /** Called for each file that was cut or left out, with a text for the user. */
  readonly onWarning?: (message: string) => void;
}

/** The user's and the project's instructions as one message; null if there are none. */
export function userInstructions(sources: InstructionSources): ResponseItem | null {
  const { maxBytes, windowBytes = Number.POSITIVE_INFINITY } = sources;
  const home = homeInstructions(sources, Math.min(MAX_HOME_BYTES, Math.floor(windowBytes / 2)));
  const left = windowBytes - home.bytes;
  const project = projectInstructions(sources, left < maxBytes ? left : maxBytes);
  const parts = [home.text, project].filter((part) => part !== '');
  if (parts.length === 0) return null;
  return contextMessage(`<user_instructions>\n\n${parts.join(SEPARATOR)}\n\n</user_instructions>`);
}

function homeInstructions(
  { home, onWarning }: InstructionSources,
  maxBytes: number,
): { readonly text: string; readonly bytes: number } {
  for (const name of NAMES) {
    const path = join(home, name);
    if (!isFile(path)) continue;
    const limits = () => ({ trusted: ownerOf(home), below: home });
    const file = readStart(path, { maxBytes, limits, judge: () => null, onWarning });
    if (file && file.text.trim() !== '') {
      const limit = maxBytes < MAX_HOME_BYTES ? SMALL_WINDOW : `at most ${MAX_HOME_BYTES}`;
      return { text: withCutNote(file, { name: path, path, limit, onWarning }), bytes: file.bytes };
    }
  }
  return { text: '', bytes: 0 };
}

/** The files from the repository's root down to the working directory, one for each folder, each headed by its path. */
function projectInstructions(sources: InstructionSources, maxBytes: number): string {
  const { cwd, fallbackNames, untrusted, onWarning } = sources;
  if (untrusted) return '';
  const limit = maxBytes < sources.maxBytes ? SMALL_WINDOW : 'project_doc_max_bytes';
  const parts: string[] = [];
  let left = maxBytes;
  const folders = projectFolders(cwd);
  const real = folders.at(-1) ?? cwd;
  const [root = real] = folders;
  // Only those who can write the folder that the user works in may instruct its model.
  const limits = () => ({ trusted: writersOf(real), below: root });
  const judge = projectJudge(root, sources);
  for (const dir of folders) {
    if (left <= 0) break;
    const path = instructionFile(dir, fallbackNames);
    const file = path === null ? null : readStart(path, { maxBytes: left, limits, judge, onWarning });
    if (!file || path === null) continue;
    if (file.text.trim() !== '') {
      const name = relative(real, path);
      parts.push(`[${escaped(name)}]\n${withCutNote(file, { name, path, limit, onWarning })}`);
      left -= file.bytes;
    }
    // The file that crosses the budget is the last one, even if nothing of it fits.
    if (file.bytes < file.total) break;
  }
  return parts.join('\n\n');
}

/** Accepts files inside the project that commands can read. */
function projectJudge(root: string, { home, hidden }: InstructionSources): PlaceJudge {
  const mayRead = readJudge({ policy: { mode: 'read-only' }, home, hidden });
  return (place) => mayRead(place) ?? (isInside(place.path, root) ? null : 'it leads out of the project');
}

interface CutNoteFacts {
  /** The name that the model sees. */
  readonly name: string;
  readonly path: string;
  /** What the file was cut by, for the user. */
  readonly limit: string;
  readonly onWarning: ((message: string) => void) | undefined;
}

function withCutNote(file: FileStart, { name, path, limit, onWarning }: CutNoteFacts): string {
  if (file.bytes === file.total) return file.text;
  onWarning?.(`${path}: ${file.bytes} of ${file.total} bytes are sent to the model (${limit})`);
  return `${file.text}\n[${escaped(name)}: ${file.bytes} of ${file.total} bytes shown; read the file for the rest]`;
}

function instructionFile(dir: string, fallbackNames: readonly string[]): string | null {
  for (const name of [...NAMES, ...fallbackNames.filter((candidate) => candidate.trim() !== ''), ...OTHER_NAMES]) {
    const path = join(dir, name);
    if (isFile(path)) return path;
  }
  return null;
}

/** Whether the path is a regular file, or a link to one. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    // A missing file, a dangling link or a directory without access: there is nothing to read.
    return false;
  }
}

interface FileStart {
  readonly text: string;
  /** Bytes that were read; a character is never cut. */
  readonly bytes: number;
  readonly total: number;
}

interface StartOptions {
  readonly maxBytes: number;
  /** Who may be able to write the file. */
  readonly limits: () => WriterLimits;
  readonly judge: PlaceJudge;
  readonly onWarning: ((message: string) => void) | undefined;
}

/** The start of a file; null if it can't be read or must not be obeyed: a turn can do without instructions. */
function readStart(path: string, { maxBytes, limits, judge, onWarning }: StartOptions): FileStart | null {
  try {
    const start = readFileStart(path, { maxBytes, judge: obeyedJudge(path, { limits, judge }) });
    const { bytes: buffer, total } = start;
    const bytes = buffer.length < total ? wholeCharacters(buffer, buffer.length) : buffer.length;
    const fault = utf16MarkOf(buffer) === null ? kindFault(buffer) : null;
    if (fault !== null) throw new FileFault(fault);
    const text = decodeText(buffer.subarray(0, bytes));
    return { text: text.replaceAll('\r\n', '\n'), bytes, total };
  } catch (error) {
    // A file that can't be read counts as absent.
    if (error instanceof FileFault) onWarning?.(`${path} is left out: ${error.message}`);
    return null;
  }
}

/** The largest length up to `end` at which no character is cut. */
function wholeCharacters(buffer: Buffer, end: number): number {
  if (utf16MarkOf(buffer) !== null) return wholeUtf16(buffer, end - (end % 2));
  let start = end - 1;
  while (start > 0 && ((buffer[start] ?? 0) & 0xc0) === 0x80) start -= 1;
  const lead = buffer[start] ?? 0;
  const width = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return start + width > end ? start : end;
}

/** A character outside the first plane has two units of two bytes each. */
function wholeUtf16(buffer: Buffer, end: number): number {
  const isLittle = utf16MarkOf(buffer) === 'utf-16le';
  const high = buffer[isLittle ? end - 1 : end - 2] ?? 0;
  return high >= 0xd8 && high <= 0xdb ? end - 2 : end;
}
