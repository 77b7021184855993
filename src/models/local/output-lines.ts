import { printable } from '../../foundation/util/index.ts';

/** Lines that are kept to show why a program failed. */
const LAST_LINES = 5;

/** What a program prints, line by line, without what it draws over. */
export class OutputLines {
  readonly #show: (line: string) => void;
  readonly #kept: string[] = [];
  #rest = '';

  constructor(show: (line: string) => void) {
    this.#show = show;
  }

  take(text: string): void {
    const lines = (this.#rest + text).split(/\r\n?|\n/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#add(line);
  }

  end(): void {
    this.#add(this.#rest);
    this.#rest = '';
  }

  /** The newest ones. */
  last(): readonly string[] {
    return this.#kept;
  }

  #add(line: string): void {
    const text = printable(line).trim();
    if (text === '' || text === this.#kept.at(-1)) return;
    this.#kept.push(text);
    if (this.#kept.length > LAST_LINES) this.#kept.shift();
    this.#show(text);
  }
}
