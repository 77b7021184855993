import { joinWords } from '../shell-words.ts';
import type { ExecPolicy, RuleMatch } from './exec-policy.ts';
import { mayBeRemembered } from './remember.ts';

/** What rules say of a command line, if any does. */
export type RuleVerdict =
  | { readonly type: 'none' /** Words for which a rule may be offered. */; readonly proposed: readonly string[] | null }
  /** Every command of the line is allowed: it runs unasked, and without the sandbox. */
  | { readonly type: 'allowed' }
  | { readonly type: 'prompt'; readonly reason: string }
  | { readonly type: 'forbidden'; readonly message: string };

/**
 * `commands`: what the line comes down to; null if it can't be reduced, and the words of the line count. A rule that asks
 * or forbids also holds for what those commands start in turn (`reached`), one that allows does not.
 */
export function judgeByRules(
  policy: ExecPolicy,
  argv: readonly string[],
  commands: readonly (readonly string[])[] | null,
  reached: readonly (readonly string[])[] = [],
): RuleVerdict {
  const all = commands === null || commands.length === 0 ? [argv] : commands;
  const found = all.map((words) => policy.matches(words, { resolve: true }));
  const behind = reached.flatMap((words) => policy.matches(words, { resolve: true }));
  const strictest = [...found.flat(), ...behind].filter(({ decision }) => decision !== 'allow');
  const forbidden = longest(strictest.filter(({ decision }) => decision === 'forbidden'));
  const line = joinWords(argv);
  if (forbidden) return { type: 'forbidden', message: `rejected: \`${line}\` ${because(forbidden, 'is forbidden')}` };
  const asked = longest(strictest);
  if (asked) return { type: 'prompt', reason: `\`${line}\` ${because(asked, 'requires approval')}` };
  if (found.every((matches) => matches.length > 0)) return { type: 'allowed' };
  const unknown = all[found.findIndex((matches) => matches.length === 0)] ?? [];
  return { type: 'none', proposed: commands !== null && mayBeRemembered(unknown) ? unknown : null };
}

function because({ justification, matchedPrefix }: RuleMatch, what: string): string {
  return justification === null
    ? `${what} by the rule for commands that begin with \`${joinWords(matchedPrefix)}\``
    : `${what}: ${justification}`;
}

function longest(matches: readonly RuleMatch[]): RuleMatch | undefined {
  return matches.toSorted((a, b) => b.matchedPrefix.length - a.matchedPrefix.length)[0];
}
