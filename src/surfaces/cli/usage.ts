/** A wrong command line: printed with a hint at the help, exit code 2. */
export class UsageError extends Error {}

/** The user asked for help: `text` goes to stdout, exit code 0. */
export class HelpRequested extends Error {
  readonly text: string;

  constructor(text: string) {
    super('help requested');
    this.text = text;
  }
}
