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
  /** Told of each file that was cut or left out, for the user. */
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
    if (!isFile(path)) continue;
    const limits = () => ({ trusted: ownerOf(home), below: home });
    const file = readStart(path, { maxBytes: MAX_HOME_BYTES, limits, judge: () => null, onWarning });
    if (file && file.text.trim() !== '') return withCutNote(file, { name: path, path, onWarning });
  }
  return '';
}

/** From the repository's root down to the working directory, one file a folder, each headed by its path. */
function projectInstructions(sources: InstructionSources): string {
  const { cwd, maxBytes, fallbackNames, untrusted, onWarning } = sources;
  if (untrusted) return '';
  const parts: string[] = [];
  let left = maxBytes;
  const folders = projectFolders(cwd);
  const real = folders.at(-1) ?? cwd;
  const [root = real] = folders;
  // Whoever may write the folder that the user works in may write to its model; nobody else.
  const limits = () => ({ trusted: writersOf(real), below: root });
  const judge = projectJudge(root, sources);
  for (const dir of folders) {
    if (left <= 0) break;
    const path = instructionFile(dir, fallbackNames);
    const file = path === null ? null : readStart(path, { maxBytes: left, limits, judge, onWarning });
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

/** A file of the project itself, and none that commands can't read. */
function projectJudge(root: string, { home, hidden }: InstructionSources): PlaceJudge {
  const mayRead = readJudge({ policy: { mode: 'read-only' }, home, hidden });
  return (place) => mayRead(place) ?? (isInside(place.path, root) ? null : 'it leads out of the project');
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

interface StartOptions {
  readonly maxBytes: number;
  /** Who may write it. */
  readonly limits: () => WriterLimits;
  readonly judge: PlaceJudge;
  readonly onWarning: ((message: string) => void) | undefined;
}

/** The beginning of a file; null if it can't be read, or must not be obeyed: instructions are a help, not a need. */
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
    // Not readable: as if it were absent.
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

/** A character outside of the first plane takes two units of two bytes each. */
function wholeUtf16(buffer: Buffer, end: number): number {
  const isLittle = utf16MarkOf(buffer) === 'utf-16le';
  const high = buffer[isLittle ? end - 1 : end - 2] ?? 0;
  return high >= 0xd8 && high <= 0xdb ? end - 2 : end;
}
