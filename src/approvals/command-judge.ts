import type { CommandAction } from '../protocol/index.ts';
import { anyCommands } from './any-commands.ts';
import { BashGrammar } from './bash-grammar.ts';
import { isDestructive } from './dangerous.ts';
import { isKnownSafe, trustedName } from './known-safe.ts';
import { plainCommands } from './plain-commands.ts';
import { quickScan } from './quick-scan.ts';
import { runBy } from './run-by.ts';
import { summarise } from './summary.ts';
import { literal, type PlainCommand, textsOf } from './words.ts';

/** What a look at a command line says. */
export interface Judgement {
  /** It only reads. */
  readonly isSafe: boolean;
  /** It may destroy work; never together with `isSafe`. */
  readonly isDangerous: boolean;
  /** The plain commands that it comes down to; null for a script that does not come down to such. */
  readonly commands: readonly PlainCommand[] | null;
  /** The words of every command anywhere in it, also where it does not come down to plain ones. */
  readonly mentioned: readonly (readonly string[])[];
  /** Those, and what they start: behind `sudo` and its like, in scripts inside scripts. */
  readonly reached: readonly (readonly string[])[];
}

/** What is longer is nothing that a person would look through, and is not parsed. UTF-16 units. */
const MAX_SCRIPT_CHARS = 64 * 1024;
const KEPT_SCRIPTS = 500;
/** Wrappers and scripts inside one another, and all that they start: no real command goes so far. */
const MAX_NESTING = 8;
const MAX_REACHED = 100_000;
/**
 * Characters that bash takes for parts of words and the grammar for blanks, or that can't reach a program at all: the two
 * would not read the same words.
 */
const MISREAD = /[\0-\x08\x0b-\x1f\x7f\x85\u00a0\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff]/;

interface ParsedScript {
  readonly commands: readonly PlainCommand[] | null;
  readonly all: readonly (readonly string[])[];
}

/**
 * Judges command lines by their words. Never throws, and takes nothing for safe that it could not read whole. The grammar
 * behind it is loaded by `ready`; without it scripts are not reduced and danger is looked for word by word.
 */
export class CommandJudge {
  readonly #scripts = new Map<string, ParsedScript>();
  #grammar: BashGrammar | null = null;
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
        // Without the grammar every script counts as unknown, which is asked about.
      },
    );
    return this.#loading;
  }

  judge(argv: readonly string[]): Judgement {
    if (argv.length === 0) return { isSafe: false, isDangerous: false, commands: null, mentioned: [], reached: [] };
    const script = shellScript(argv);
    const parsed = script === null ? { commands: [argv.map(literal)], all: [argv] } : this.#parse(script);
    const { commands, all: mentioned } = parsed;
    const reached: (readonly string[])[] = [];
    const isRisky = !this.#reach([argv], 0, reached) || reached.some(isDestructive);
    const isSafe = commands !== null && commands.length > 0 && commands.every(isKnownSafe);
    return { isSafe: isSafe && !isRisky, isDangerous: isRisky, commands, mentioned, reached };
  }

  /** What a command line does, for people to read; never for a decision. */
  summarise(argv: readonly string[]): CommandAction[] {
    const { commands } = this.judge(argv);
    const isPlain = commands?.every((command) => command.every(({ isComposed }) => !isComposed)) ?? false;
    return summarise(argv, isPlain ? (commands?.map(textsOf) ?? null) : null);
  }

  /** Adds commands and all that they start to `reached`. @returns false if that goes too far to be followed */
  #reach(commands: readonly (readonly string[])[], depth: number, reached: (readonly string[])[]): boolean {
    if (depth > MAX_NESTING || reached.length + commands.length > MAX_REACHED) return commands.length === 0;
    return commands.every((words) => {
      reached.push(words);
      const inner = runBy(words);
      const scripted = inner.script === null ? [] : this.#parse(inner.script).all;
      return this.#reach([...inner.commands, ...scripted], depth + 1, reached);
    });
  }

  #parse(script: string): ParsedScript {
    const known = this.#scripts.get(script);
    if (known) return known;
    const parsed = this.#read(script);
    if (this.#scripts.size >= KEPT_SCRIPTS) {
      const [oldest] = this.#scripts.keys();
      if (oldest !== undefined) this.#scripts.delete(oldest);
    }
    // A script that had to do without the grammar is read again when it is there.
    if (this.#grammar || parsed.commands) this.#scripts.set(script, parsed);
    return parsed;
  }

  #read(script: string): ParsedScript {
    const quick = quickScan(script);
    if (quick) return { commands: quick, all: quick.map(textsOf) };
    const rough = { commands: null, all: roughCommands(script) };
    if (script.length > MAX_SCRIPT_CHARS || this.#grammar === null) return rough;
    if (!script.isWellFormed() || MISREAD.test(script)) return rough;
    try {
      const tree = this.#grammar.parse(script);
      if (!tree) return rough;
      const all = anyCommands(tree);
      // Bash runs what stands before a fault, and the grammar only guesses there.
      return { commands: plainCommands(tree), all: tree.hasError ? [...all, ...rough.all] : all };
    } catch {
      // The parser gave up on it (too deep, or broken text): it is unknown.
      return rough;
    }
  }
}

/** The script of `bash -c SCRIPT` and its like, from a shell that is where shells belong; null for anything else. */
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

/** Pieces of a script that nobody parsed: good enough to look for danger in. */
function roughCommands(script: string): string[][] {
  return script
    .slice(0, MAX_SCRIPT_CHARS)
    .split(/[;&|\n(){}`]+/)
    .map((piece) =>
      piece
        .replaceAll(/[\\'"$]/g, '')
        .split(/\s+/)
        .filter((word) => word !== ''),
    )
    .filter((words) => words.length > 0);
}
