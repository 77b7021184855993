/** A word of a command as the shell would pass it on, as far as that is known. */
export interface Word {
  /** Unknown parts are replaced by `ANY_WORDS` or `ANY_TEXT`. */
  readonly text: string;
  /** The shell may expand it (a glob, a brace, a backslash): what the program receives is not known. */
  readonly isDynamic: boolean;
  /** Put together from parts, or quoted text that is empty or of several lines: such scripts are not summarised. */
  readonly isComposed: boolean;
  /** Where it starts in its script, UTF-16 units; 0 for a word of an argument list. */
  readonly at: number;
}

export type PlainCommand = readonly Word[];

/** In the text of a word: an expansion that may become several words, or none. No parsed script contains this character. */
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

/** A command about which nothing is known. */
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
  // An expansion may become several words, and then the last component is not the program's.
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
