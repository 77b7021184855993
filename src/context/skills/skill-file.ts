import { FileFault, type PlaceJudge, readFileStart } from '../../foundation/files/index.ts';

/** A folder holds a skill if it has a file of this name. */
export const SKILL_FILE = 'SKILL.md';
const FENCE = /^---[ \t]*$/;

/** The beginning of a file. */
export interface SkillText {
  /** LF only, without a byte order mark; never a part of a character. */
  readonly text: string;
  /** UTF-8 bytes of the file that were read, and that there are. */
  readonly bytes: number;
  readonly total: number;
}

/** What is wrong with a skill's file, in words for people, with nothing of its text in them. */
export class BrokenSkill extends Error {}

/** Why a skill can't be used; what the system refuses is told by its name alone. @throws what is no fault of the file */
export function faultOf(error: unknown): string {
  if (error instanceof BrokenSkill || error instanceof FileFault) return error.message;
  if (error instanceof Error && 'syscall' in error && 'code' in error)
    return `it can't be read (${String(error.code)})`;
  throw error;
}

/** Reads no more than `maxBytes`. @throws FileFault for what is not a regular file or is refused by `judge`, or a system error */
export function readSkillFile(path: string, maxBytes: number, judge: PlaceJudge): SkillText {
  const { bytes, total } = readFileStart(path, { maxBytes, judge });
  // Fed as a piece of a longer text, the decoder holds a character back that is cut.
  const text = new TextDecoder().decode(bytes, { stream: bytes.length < total });
  return { text: text.replaceAll('\r\n', '\n'), bytes: bytes.length, total };
}

export interface FrontMatter {
  readonly yaml: string;
  readonly body: string;
}

/** What stands between the first two `---` lines, and what follows; null where there is no such block, or no end to it. */
export function splitFrontMatter(text: string): FrontMatter | null {
  const lines = text.split('\n');
  if (!FENCE.test(lines[0] ?? '')) return null;
  const end = lines.findIndex((line, at) => at > 0 && FENCE.test(line));
  return end === -1 ? null : { yaml: lines.slice(1, end).join('\n'), body: lines.slice(end + 1).join('\n') };
}
