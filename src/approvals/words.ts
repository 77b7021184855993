/** A word of a command as the shell would pass it on, where that can be told. */
export interface Word {
  readonly text: string;
  /** The shell may make something else of it (a glob, a brace, a backslash): what the program gets is not known. */
  readonly isDynamic: boolean;
  /** Put together from parts, or quoted text that is empty or of several lines: summaries pass over such scripts. */
  readonly isComposed: boolean;
}

export type PlainCommand = readonly Word[];

export function literal(text: string): Word {
  return { text, isDynamic: false, isComposed: false };
}

export function textsOf(command: PlainCommand): string[] {
  return command.map(({ text }) => text);
}

/** The last component of a program's name. */
export function baseName(program: string): string {
  return program.slice(program.lastIndexOf('/') + 1);
}
