import { isAbsolute } from 'node:path';
import { trustedName } from '../known-safe.ts';
import { ANY_WORDS, baseName, isUnknown, knownBaseName, mayBe, type PlainCommand, textsOf } from '../shell/words.ts';
import { DECISIONS, type RuleDecision } from './decision.ts';

/** What to do with commands that begin with certain words; each place has one word or several to choose from. */
export interface PrefixRule {
  readonly pattern: readonly (readonly string[])[];
  readonly decision: RuleDecision;
  readonly justification: string | null;
}

export interface RuleMatch {
  readonly matchedPrefix: readonly string[];
  readonly decision: RuleDecision;
  readonly justification: string | null;
  /** The program by its full path, where a rule for its base name matched. */
  readonly resolvedProgram: string | null;
}

/** The rules in force. Immutable; `with` returns a copy with one more rule. */
export class ExecPolicy {
  readonly #rules: readonly PrefixRule[];
  readonly #programs: ReadonlyMap<string, readonly string[]>;

  constructor(rules: readonly PrefixRule[] = [], programs: ReadonlyMap<string, readonly string[]> = new Map()) {
    this.#rules = rules;
    this.#programs = programs;
  }

  get rules(): readonly PrefixRule[] {
    return this.#rules;
  }

  with(rule: PrefixRule): ExecPolicy {
    return new ExecPolicy([...this.#rules, rule], this.#programs);
  }

  /** Whether any rule asks or forbids. */
  get isStrict(): boolean {
    return this.#rules.some(({ decision }) => decision !== 'allow');
  }

  /**
   * Every rule that matches a command, strictest first. `resolve`: a full path is also matched by its base name, and allowed
   * only in a trusted directory or where `host_executable` lists it. A rule that asks or forbids matches also where options of
   * the program come between its words (`git -C dir push`).
   */
  matches(words: readonly string[], { resolve }: { readonly resolve: boolean }): RuleMatch[] {
    const exact = this.#matching(words, null);
    const [program = '', ...rest] = words;
    if (exact.length > 0 || !resolve || !isAbsolute(program)) return exact;
    const name = baseName(program);
    const known = this.#programs.get(name);
    if (known !== undefined && !known.includes(program)) return [];
    const found = this.#matching([name, ...rest], program);
    // Elsewhere anyone may have put a program of this name; in the workspace a command could.
    const isMeant = known !== undefined || trustedName(program) !== null;
    return isMeant ? found : found.filter(({ decision }) => decision !== 'allow');
  }

  /** The paths that are listed for the name of a program; undefined if none are. */
  listed(name: string): readonly string[] | undefined {
    return this.#programs.get(name);
  }

  /**
   * The rules that ask or forbid and that a command matches or, where parts of it are unknown, may match. `names`: what else
   * its program is called, such as the file that a link leads to.
   */
  strictMatches(command: PlainCommand, names: readonly string[]): StrictMatch[] {
    const [program, ...rest] = command;
    if (program === undefined) return [];
    const words = textsOf(rest);
    const strict = this.#rules.filter(({ decision }) => decision !== 'allow');
    const known = knownBaseName(program.text);
    if (known === null) {
      const possible = strict.filter(
        ({ pattern }) => pattern[0]?.some((name) => mayBeProgram(program.text, name)) ?? false,
      );
      return possible.map((rule) =>
        strictMatch(
          rule,
          rule.pattern.map(([choice = '']) => choice),
          false,
        ),
      );
    }
    const called = [program.text, known, ...names].filter((name) => this.#isMeant(name, program.text));
    return strict.flatMap((rule) => {
      const name = called.find((each) => rule.pattern[0]?.includes(each) ?? false);
      if (name === undefined) return [];
      const found = followsOptions(rule.pattern.slice(1), words);
      return found === null ? [] : [strictMatch(rule, [name, ...found.words], found.isCertain)];
    });
  }

  /** Where paths are listed for a name, a program in another place is another program. */
  #isMeant(name: string, program: string): boolean {
    const listed = this.#programs.get(name);
    return listed === undefined || !isAbsolute(program) || listed.includes(program);
  }

  #matching(words: readonly string[], resolvedProgram: string | null): RuleMatch[] {
    const found = this.#rules.flatMap((rule): RuleMatch[] => {
      const matchedPrefix = prefixOf(rule, words);
      const { decision, justification } = rule;
      return matchedPrefix === null ? [] : [{ matchedPrefix, decision, justification, resolvedProgram }];
    });
    return found.sort(
      (a, b) =>
        DECISIONS.indexOf(b.decision) - DECISIONS.indexOf(a.decision) ||
        b.matchedPrefix.length - a.matchedPrefix.length,
    );
  }
}

function mayBeProgram(program: string, name: string): boolean {
  // An expansion may become several words, and then the last component is not the program's.
  const isWhole = name.includes('/') || program.includes(ANY_WORDS);
  return mayBe(isWhole ? program : baseName(program), name);
}

/** A match of a rule that asks or forbids, and whether it is certain. */
export interface StrictMatch extends RuleMatch {
  readonly isCertain: boolean;
}

function strictMatch(
  { decision, justification }: PrefixRule,
  matchedPrefix: readonly string[],
  isCertain: boolean,
): StrictMatch {
  return { matchedPrefix, decision, justification, resolvedProgram: null, isCertain };
}

/** The words of a command that a rule matches; null if it does not. */
function prefixOf({ pattern, decision }: PrefixRule, words: readonly string[]): readonly string[] | null {
  if (fits(pattern, words)) return words.slice(0, pattern.length);
  const [program = '', ...rest] = words;
  if (decision === 'allow' || !(pattern[0]?.includes(program) ?? false)) return null;
  const found = followsOptions(pattern.slice(1), rest);
  return found?.isCertain ? [program, ...found.words] : null;
}

/**
 * Finds the words of a rule, perhaps after options of the program, each with or without a value; null if they are not there.
 * Unknown words may be any.
 */
function followsOptions(
  pattern: PrefixRule['pattern'],
  words: readonly string[],
): { readonly words: readonly string[]; readonly isCertain: boolean } | null {
  let starts = new Set([0]);
  let possible: readonly string[] | null = null;
  for (let at = 0; at <= words.length && starts.size > 0; at += 1) {
    const here = starts.has(at) ? matchAt(pattern, words, at) : null;
    if (here === 'certain') return { words: words.slice(at, at + pattern.length), isCertain: true };
    if (here === 'possible') possible ??= pattern.map(([choice = '']) => choice);
    const isOption = starts.delete(at) && (words[at]?.startsWith('-') ?? false);
    if (isOption) starts = new Set([...starts, at + 1, at + 2]);
  }
  return possible === null ? null : { words: possible, isCertain: false };
}

function matchAt(pattern: PrefixRule['pattern'], words: readonly string[], at: number): 'certain' | 'possible' | null {
  let isCertain = true;
  for (const [index, choices] of pattern.entries()) {
    const word = words[at + index];
    if (word === undefined || !choices.some((choice) => mayBe(word, choice))) return null;
    // How many words an expansion becomes is unknown: what follows may be anywhere.
    if (word.includes(ANY_WORDS)) return 'possible';
    isCertain &&= !isUnknown(word);
  }
  return isCertain ? 'certain' : 'possible';
}

/** Whether a command begins with the words of a pattern. */
export function fits(pattern: PrefixRule['pattern'], words: readonly string[]): boolean {
  return words.length >= pattern.length && pattern.every((choices, at) => choices.includes(words[at] ?? ''));
}
