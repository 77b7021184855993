import type { Hook, HookFormat } from '../hook.ts';
import { readCondition, readMatcher } from '../matcher.ts';

/** What a hook is asked: one view of what happens. */
export interface HookQuestion {
  /** What its matcher looks at: a tool's name, a source, a trigger. Null: matchers do not count for this event. */
  readonly subject: string | null;
  /** Whose names this view has; null: they are the same for all. */
  readonly names: HookFormat | null;
  /** What the pattern of a condition looks at: a command line, a path. */
  readonly content: string;
  /** Its standard input. */
  readonly input: Readonly<Record<string, unknown>>;
}

/** Which names a hook's file is most likely to mean, best first. */
const PREFERRED: Readonly<Record<HookFormat, readonly HookFormat[]>> = {
  claude: ['claude', 'codex'],
  codex: ['codex', 'claude'],
  keel: ['codex', 'claude'],
};

/**
 * The questions that a hook is asked: all that its matcher admits in the names that its file was written for, or else in other
 * names. A guard for `Edit` in one program's file is asked as well as one for `apply_patch` in another's.
 */
export function questionsFor(hook: Hook, questions: readonly HookQuestion[]): readonly HookQuestion[] {
  const matches = readMatcher(hook.matcher) ?? (() => false);
  const admitted = questions.filter(({ subject, content }) => {
    return subject === null || (matches(subject) && meetsCondition(hook, subject, content));
  });
  const shared = admitted.filter(({ names }) => names === null);
  for (const names of PREFERRED[hook.format]) {
    const own = admitted.filter((question) => question.names === names);
    if (own.length > 0) return [...shared, ...own];
  }
  // keel's own name for a tool counts where the hook means no other.
  return shared.length > 0 ? shared : admitted;
}

function meetsCondition({ condition }: Hook, subject: string, content: string): boolean {
  const rule = condition === null ? null : readCondition(condition);
  if (rule === null) return true;
  const { tool, pattern } = rule;
  if (tool !== subject) return false;
  // Each command of a line counts.
  return pattern === null || [content, ...content.split(/&&|\|\||[;|\n]/)].some((part) => pattern.test(part.trim()));
}
