import { type Judgement, shellScript } from '../command-judge.ts';
import type { FindPrograms, ProgramPlace } from '../program-places.ts';
import { joinWords } from '../shell/shell-words.ts';
import { ANY_TEXT, ANY_WORDS, type PlainCommand, textsOf } from '../shell/words.ts';
import type { ExecPolicy, RuleMatch, StrictMatch } from './exec-policy.ts';
import { mayBeRemembered } from './remember.ts';

/** The verdict of the rules on a command line. */
export type RuleVerdict =
  | { readonly type: 'none' /** Words for which a rule may be offered. */; readonly proposed: readonly string[] | null }
  /** Every command of the line is allowed: it runs without a question, and without the sandbox. */
  | {
      readonly type: 'allowed' /** The line, with the very programs that were judged. */;
      readonly argv: readonly string[];
    }
  | { readonly type: 'prompt'; readonly reason: string }
  | { readonly type: 'forbidden'; readonly message: string };

export interface RuleQuestion {
  readonly argv: readonly string[];
  readonly judgement: Pick<Judgement, 'commands' | 'reached'>;
  /** The places of the line's programs. */
  readonly programs: FindPrograms;
}

/**
 * Applies the rules to a command line. A rule that asks or forbids covers every command that the line reaches, and asks where
 * a match is uncertain. A rule that allows covers only a line of plain words, each command of which is allowed.
 */
export function judgeByRules(policy: ExecPolicy, { argv, judgement, programs }: RuleQuestion): RuleVerdict {
  const strict = policy.isStrict ? strictVerdict(policy, { argv, judgement, programs }) : null;
  if (strict !== null) return strict;
  const commands = judgement.commands ?? [];
  if (commands.length === 0 || commands.some((command) => command.some(({ isDynamic }) => isDynamic))) {
    return { type: 'none', proposed: null };
  }
  const places = commands.map((command) => allowedAs(policy, command, { argv, programs }));
  const unknown = commands[places.indexOf('not allowed')];
  if (unknown !== undefined) {
    const words = textsOf(unknown);
    const isRuled = policy.matches(words, { resolve: true }).length > 0;
    return { type: 'none', proposed: !isRuled && mayBeRemembered(words) ? words : null };
  }
  const line = withPrograms(argv, { commands, places, programs });
  return line === null ? { type: 'none', proposed: null } : { type: 'allowed', argv: line };
}

function strictVerdict(policy: ExecPolicy, { argv, judgement, programs }: RuleQuestion): RuleVerdict | null {
  const matches = judgement.reached.flatMap(({ words, isCertain }) => {
    const names = programs.namesOf(words[0]?.text ?? '');
    return policy.strictMatches(words, names).map((match) => ({ ...match, isCertain: match.isCertain && isCertain }));
  });
  const line = joinWords(argv);
  const certain = matches.filter((match) => match.isCertain);
  const forbidden = longest(certain.filter(({ decision }) => decision === 'forbidden'));
  if (forbidden) return { type: 'forbidden', message: `rejected: \`${line}\` ${because(forbidden, 'is forbidden')}` };
  const asked = longest(certain);
  if (asked) return { type: 'prompt', reason: `\`${line}\` ${because(asked, 'requires approval')}` };
  const possible = longest(matches);
  return possible ? { type: 'prompt', reason: `\`${line}\` ${whyUncertain(possible)}` } : null;
}

/** How an allowed command runs: with a program at a known place, or with its words as they are. */
type AllowedAs = ProgramPlace | 'as it is' | 'not allowed';

function allowedAs(
  policy: ExecPolicy,
  command: PlainCommand,
  { argv, programs }: Pick<RuleQuestion, 'argv' | 'programs'>,
): AllowedAs {
  const words = textsOf(command);
  const [program = ''] = words;
  const matches = policy.matches(words, { resolve: true });
  if (matches.length === 0) return 'not allowed';
  // A rule for a path means the program at that path.
  if (program.includes('/') && matches.every(({ resolvedProgram }) => resolvedProgram === null)) return 'as it is';
  if (shellScript(argv) !== null && programs.isBuiltin(program)) return 'as it is';
  const place = programs.find(program);
  if (place === null) return 'not allowed';
  const listed = policy.listed(program.slice(program.lastIndexOf('/') + 1));
  const isMeant = listed === undefined ? !place.isWritable : listed.includes(place.path);
  return isMeant ? place : 'not allowed';
}

interface Placed {
  readonly commands: readonly PlainCommand[];
  readonly places: readonly AllowedAs[];
  readonly programs: FindPrograms;
}

/** The line with its programs by their paths, so that those run which were judged; null if its shell is not trusted. */
function withPrograms(argv: readonly string[], { commands, places, programs }: Placed): readonly string[] | null {
  const script = shellScript(argv);
  const [program = '', ...rest] = argv;
  const pathAt = (index: number) => {
    const place = places[index];
    return typeof place === 'object' ? place.path : null;
  };
  if (script === null) return [pathAt(0) ?? program, ...rest];
  const shell = programs.find(program);
  if (shell === null || shell.isWritable) return null;
  let written = script;
  for (let index = commands.length - 1; index >= 0; index -= 1) {
    const name = commands[index]?.[0];
    const path = pathAt(index);
    if (name === undefined || path === null) continue;
    written = written.slice(0, name.at) + joinWords([path]) + written.slice(name.at + name.text.length);
  }
  return [shell.path, ...rest.slice(0, -1), written];
}

function because({ justification, matchedPrefix }: RuleMatch, what: string): string {
  return justification === null
    ? `${what} by the rule for commands that begin with \`${joinWords(matchedPrefix)}\``
    : `${what}: ${justification}`;
}

function whyUncertain({ decision, matchedPrefix }: StrictMatch): string {
  const rule = decision === 'forbidden' ? 'is forbidden by a rule' : 'requires approval by a rule';
  return `may run a command that begins with \`${joinWords(matchedPrefix)}\`, which ${rule}. Write out every program and its words, without expansions or scripts from elsewhere`;
}

function longest<Match extends RuleMatch>(matches: readonly Match[]): Match | undefined {
  const known = matches.filter(
    ({ matchedPrefix }) => !matchedPrefix.some((word) => word.includes(ANY_WORDS) || word.includes(ANY_TEXT)),
  );
  return (known.length > 0 ? known : matches).toSorted((a, b) => b.matchedPrefix.length - a.matchedPrefix.length)[0];
}
