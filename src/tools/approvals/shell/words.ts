/** A word of a command as the shell would pass it on, where that can be told. */
export interface Word {
  /** What can't be told is marked: `ANY_WORDS` or `ANY_TEXT` in its place. */
  readonly text: string;
  /** The shell may make something else of it (a glob, a brace, a backslash): what the program gets is not known. */
  readonly isDynamic: boolean;
  /** Put together from parts, or quoted text that is empty or of several lines: summaries pass over such scripts. */
  readonly isComposed: boolean;
  /** Where it starts in its script, UTF-16 units; 0 for a word of an argument list. */
  readonly at: number;
}

export type PlainCommand = readonly Word[];

/** In the text of a word: an expansion that may become several words, or none. Such a character is in no script that is parsed. */
export const ANY_WORDS = '\0';
/** In the text of a word: an expansion that stays within one word. */
export const ANY_TEXT = '\x01';

export function literal(text: string, at = 0): Word {
  return { text, isDynamic: false, isComposed: false, at };
}

/** A word whose unknown parts are marked. */
export function marked(text: string, at = 0): Word {
  return { text, isDynamic: isUnknown(text), isComposed: false, at };
}

/** A command of which nothing is known. */
export const UNKNOWN_COMMAND: PlainCommand = [marked(ANY_WORDS)];

export function textsOf(command: PlainCommand): string[] {
  return command.map(({ text }) => text);
}

/** The last component of a program's name. */
export function baseName(program: string): string {
  return program.slice(program.lastIndexOf('/') + 1);
}

export function isUnknown(text: string): boolean {
  return text.includes(ANY_WORDS) || text.includes(ANY_TEXT);
}

/** The base name of a program whose directory may be unknown (`"$HOME"/bin/tool`); null if the name itself is. */
export function knownBaseName(program: string): string | null {
  const name = baseName(program);
  // Several words may come of an expansion, and then the last component is no longer that of the program.
  return program.includes(ANY_WORDS) || isUnknown(name) ? null : name;
}

/** Whether a word whose unknown parts are marked may be passed on as `wanted`. */
export function mayBe(text: string, wanted: string): boolean {
  if (text.includes(ANY_WORDS)) return true;
  const parts = text.split(ANY_TEXT);
  const [first = ''] = parts;
  const last = parts.at(-1) ?? '';
  if (parts.length === 1) return text === wanted;
  return wanted.startsWith(first) && wanted.endsWith(last);
}
