import type { CommandAction } from '../../foundation/protocol/index.ts';
import { isDestructive } from './dangerous.ts';
import { isKnownSafe, trustedName } from './known-safe.ts';
import { Reach, type Reached } from './reach.ts';
import { anyCommands, type Mentions, printedTexts } from './shell/any-commands.ts';
import { BashGrammar } from './shell/bash-grammar.ts';
import { plainCommands } from './shell/plain-commands.ts';
import { quickScan } from './shell/quick-scan.ts';
import { literal, type PlainCommand, textsOf, UNKNOWN_COMMAND } from './shell/words.ts';
import { summarise } from './summary.ts';

/** The judgement of a command line by its words. */
export interface Judgement {
  /** It only reads. */
  readonly isSafe: boolean;
  /** It may destroy work; never together with `isSafe`. */
  readonly isDangerous: boolean;
  /** The plain commands that the line consists of; null for a script that can't be reduced to plain commands. */
  readonly commands: readonly PlainCommand[] | null;
  /** Every command anywhere in it and what those start: behind `sudo` and its like, in scripts inside scripts. */
  readonly reached: readonly Reached[];
}

/** A longer script is not parsed: no person would review it. UTF-16 units. */
const MAX_SCRIPT_CHARS = 64 * 1024;
const KEPT_SCRIPTS = 500;
/**
 * Characters that bash takes for parts of words and the grammar for blanks, or that can't reach a program at all: the two
 * would not read the same words.
 */
const MISREAD = /[\0-\x08\x0b-\x1f\x7f\x85\u00a0\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff]/;

interface ParsedScript extends Mentions {
  /** Null for a script that is not made of plain commands alone. */
  readonly plain: readonly PlainCommand[] | null;
}

/**
 * Judges command lines by their words. Never throws, and takes nothing for safe that it could not read whole. `ready` loads
 * the grammar; without it scripts are not reduced, and danger is looked for word by word.
 */
export class CommandJudge {
  readonly #scripts = new Map<string, ParsedScript>();
  #grammar: BashGrammar | null = null;
  #last: {
    readonly argv: readonly string[];
    readonly grammar: BashGrammar | null;
    readonly judgement: Judgement;
  } | null = null;
  #loading: Promise<void> | null = null;

  /** Resolves when a command can be judged; the grammar is loaded the first time that one needs it. */
  ready(argv: readonly string[]): Promise<void> {
    const script = shellScript(argv) ?? nestedScript(argv);
    if (script === null || quickScan(script) !== undefined) return Promise.resolve();
    this.#loading ??= BashGrammar.load().then(
      (grammar) => {
        this.#grammar = grammar;
      },
      () => {
        // Without the grammar every script counts as unknown, which needs approval.
      },
    );
    return this.#loading;
  }

  judge(argv: readonly string[]): Judgement {
    // The command of one call is judged several times, and as several lists of the same words.
    const last = this.#last;
    if (last === null || last.grammar !== this.#grammar || !isSameList(last.argv, argv)) {
      this.#last = { argv, grammar: this.#grammar, judgement: this.#judge(argv) };
      return this.#last.judgement;
    }
    return last.judgement;
  }

  #judge(argv: readonly string[]): Judgement {
    if (argv.length === 0) return { isSafe: false, isDangerous: false, commands: null, reached: [] };
    const script = shellScript(argv);
    const commands = script === null ? [argv.map((word) => literal(word))] : this.#parse(script).plain;
    const found = new Reach((text) => this.#parse(text)).of(argv);
    const isRisky = found.isTooDeep || found.reached.some(isDangerous);
    const isSafe = commands !== null && commands.length > 0 && commands.every(isKnownSafe);
    return { isSafe: isSafe && !isRisky, isDangerous: isRisky, commands, reached: found.reached };
  }

  /** What a command line does, for people to read; never for a decision. */
  summarise(argv: readonly string[]): CommandAction[] {
    const { commands } = this.judge(argv);
    const isPlain = commands?.every((command) => command.every(({ isComposed }) => !isComposed)) ?? false;
    return summarise(argv, isPlain ? (commands?.map(textsOf) ?? null) : null);
  }

  #parse(script: string): ParsedScript {
    const known = this.#scripts.get(script);
    if (known) return known;
    const parsed = this.#read(script);
    if (this.#scripts.size >= KEPT_SCRIPTS) {
      const [oldest] = this.#scripts.keys();
      if (oldest !== undefined) this.#scripts.delete(oldest);
    }
    // A script that was read without the grammar is read again once that is loaded.
    if (this.#grammar || parsed.plain) this.#scripts.set(script, parsed);
    return parsed;
  }

  #read(script: string): ParsedScript {
    const quick = quickScan(script);
    if (quick) return { plain: quick, commands: quick, texts: printedTexts(quick) };
    const rough = roughly(script);
    if (script.length > MAX_SCRIPT_CHARS || this.#grammar === null) return rough;
    if (!script.isWellFormed() || MISREAD.test(script)) return rough;
    try {
      const tree = this.#grammar.parse(script);
      if (!tree) return rough;
      const { commands, texts } = anyCommands(tree);
      // Bash runs the commands before a syntax error, and the grammar only guesses there.
      if (tree.hasError) return { plain: null, commands: [...commands, ...rough.commands], texts };
      return { plain: plainCommands(tree), commands, texts };
    } catch {
      // The parser gave up on it (too deep, or broken text): it is unknown.
      return rough;
    }
  }
}

function isSameList(one: readonly string[], other: readonly string[]): boolean {
  return one === other || (one.length === other.length && one.every((word, at) => word === other[at]));
}

/** The script of `bash -c SCRIPT` and its like, run by a shell in a trusted directory; null for anything else. */
export function shellScript(argv: readonly string[]): string | null {
  const [program = '', option, script, ...more] = argv;
  if (more.length > 0 || script === undefined || (option !== '-lc' && option !== '-c')) return null;
  const name = trustedName(program);
  return name === 'bash' || name === 'zsh' || name === 'sh' ? script : null;
}

/** Any later word may be a script, for a wrapper to run. */
function nestedScript(argv: readonly string[]): string | null {
  return argv.slice(1).find((word) => /[\s;&|<>()$`'"]/.test(word)) ?? null;
}

function isDangerous({ words, isCertain }: Reached): boolean {
  return isCertain && isDestructive(textsOf(words));
}

/** A script that was not parsed: rough pieces of it to look for danger in, and one unknown command. */
function roughly(script: string): ParsedScript {
  const pieces = script
    .slice(0, MAX_SCRIPT_CHARS)
    .split(/[;&|\n(){}`]+/)
    .map((piece) =>
      piece
        .replaceAll(/[\\'"$]/g, '')
        .split(/\s+/)
        .filter((word) => word !== ''),
    )
    .filter((words) => words.length > 0);
  const commands = pieces.map((words) => words.map((word) => literal(word)));
  return { plain: null, commands: [...commands, UNKNOWN_COMMAND], texts: [] };
}
