/** An option as help, completion, the man page and the parser know it. */
export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: boolean;
  readonly default?: boolean;
  /** The name of the value in help. */
  readonly value?: string;
  /** The values there are; absent: any. */
  readonly choices?: readonly string[];
  /** Whether the value may be left out (`--worktree`, `--worktree=NAME`). */
  readonly optional?: boolean;
  /** Another name of it, which has an entry of its own without `about`. */
  readonly also?: string;
  /** What it does. Absent: shown nowhere, such as what only programs send. */
  readonly about?: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** Everything that is known of a command before it runs. */
export interface CommandSpec<T extends OptionSpecs = OptionSpecs> {
  /** Lines without the program's name. */
  readonly usage: readonly string[];
  /** Paragraphs, in any line width. */
  readonly about: readonly string[];
  /** The words that may follow the command, with what each does; an empty text: the usage says it. */
  readonly verbs?: Readonly<Record<string, string>>;
  readonly options: T;
  /** Headings in help, by the option that each precedes. */
  readonly headings?: Readonly<Record<string, string>>;
}
