import { FileFault, type PlaceJudge, readFileStart } from '../../foundation/files/index.ts';

/** The file that makes its folder a skill. */
export const SKILL_FILE = 'SKILL.md';
const FENCE = /^---[ \t]*$/;

/** The start of a file. */
export interface SkillText {
  /** With LF line ends, without a byte order mark and without a cut character. */
  readonly text: string;
  /** UTF-8 bytes that were read; `total`: of the whole file. */
  readonly bytes: number;
  readonly total: number;
}

/** A fault in a skill's file. The message is for people and contains nothing of the file's text. */
export class BrokenSkill extends Error {}

/** The reason why a skill can't be used; of a system error only its code. @throws any error that is not a fault of the file */
export function faultOf(error: unknown): string {
  if (error instanceof BrokenSkill || error instanceof FileFault) return error.message;
  if (error instanceof Error && 'syscall' in error && 'code' in error)
    return `it can't be read (${String(error.code)})`;
  throw error;
}

/** Reads at most `maxBytes`. @throws FileFault if it is not a regular file or `judge` refuses it, or a system error */
export function readSkillFile(path: string, maxBytes: number, judge: PlaceJudge): SkillText {
  const { bytes, total } = readFileStart(path, { maxBytes, judge });
  // In stream mode the decoder leaves out a character that is cut at the end.
  const text = new TextDecoder().decode(bytes, { stream: bytes.length < total });
  return { text: text.replaceAll('\r\n', '\n'), bytes: bytes.length, total };
}

export interface FrontMatter {
  readonly yaml: string;
  readonly body: string;
}

/** The text between the first two `---` lines, and the text behind them; null if there is no such block, or no end to it. */
export function splitFrontMatter(text: string): FrontMatter | null {
  const lines = text.split('\n');
  if (!FENCE.test(lines[0] ?? '')) return null;
  const end = lines.findIndex((line, at) => at > 0 && FENCE.test(line));
  return end === -1 ? null : { yaml: lines.slice(1, end).join('\n'), body: lines.slice(end + 1).join('\n') };
}
