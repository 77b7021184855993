import { runBy } from './run-by.ts';
import type { Mentions } from './shell/any-commands.ts';
import { isUnknown, literal, type PlainCommand, UNKNOWN_COMMAND } from './shell/words.ts';

/** Limits for nested scripts and all that they start: no real command goes so far. */
const MAX_NESTING = 8;
const MAX_REACHED = 100_000;

/** A command that a line runs, or may run. */
export interface Reached {
  /** Without quotes; unknown parts are marked. */
  readonly words: PlainCommand;
  /** False: it runs only if a program that keel does not know runs its later words. */
  readonly isCertain: boolean;
}

/** What a command line runs in the end: its own commands, and those that wrappers, shells and scripts in it start. */
export class Reach {
  readonly #parse: (script: string) => Mentions;
  readonly #reached: Reached[] = [];
  readonly #texts = new Set<string>();
  #isBlind = false;

  constructor(parse: (script: string) => Mentions) {
    this.#parse = parse;
  }

  /** `isTooDeep`: the line goes beyond the limits. */
  of(argv: readonly string[]): { readonly reached: readonly Reached[]; readonly isTooDeep: boolean } {
    const isFollowed =
      this.#follow([argv.map((word) => literal(word))], { depth: 0, isCertain: true }) &&
      // A shell that reads a script from its input may read any text of the line.
      (!this.#isBlind || [...this.#texts].every((text) => this.#script(text, { depth: 1, isCertain: true })));
    if (this.#isBlind || !isFollowed) this.#reached.push({ words: UNKNOWN_COMMAND, isCertain: false });
    return { reached: this.#reached, isTooDeep: !isFollowed };
  }

  #follow(commands: readonly PlainCommand[], { depth, isCertain, isLater = false }: Step): boolean {
    if (depth > MAX_NESTING || this.#reached.length + commands.length > MAX_REACHED) return commands.length === 0;
    // A command at a later word of a later word is also one of the whole.
    return commands.every((words) => {
      this.#reached.push({ words, isCertain });
      const { commands: started, later, scripts, isBlind } = runBy(words, { withLater: !isLater });
      this.#isBlind ||= isBlind && isCertain;
      const next = { depth: depth + 1, isCertain };
      return (
        this.#follow(started, next) &&
        this.#follow(later.commands, { ...next, isCertain: isCertain && later.isCertain, isLater: true }) &&
        scripts.every((script) => this.#script(script, next))
      );
    });
  }

  #script(script: string, step: Step): boolean {
    const { commands, texts } = this.#parse(script);
    this.#isBlind ||= isUnknown(script) && step.isCertain;
    for (const text of texts) this.#texts.add(text);
    return this.#follow(commands, step);
  }
}

interface Step {
  readonly depth: number;
  readonly isCertain: boolean;
  /** The commands start at later words of one that was followed. */
  readonly isLater?: boolean;
}
