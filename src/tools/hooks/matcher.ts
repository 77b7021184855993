const NAMES = /^[\w-]+(?:\s*\|\s*[\w-]+)*$/;

/** What a matcher admits. */
export type Matcher = (name: string) => boolean;

/**
 * Reads a matcher as both products do: nothing, an empty text or `*` admits everything; words joined by `|` are exact names;
 * anything else is a regular expression that may match anywhere in the name.
 * @returns null for an expression that can't be read
 */
export function readMatcher(text: string | null): Matcher | null {
  if (text === null || text === '' || text === '*') return () => true;
  if (NAMES.test(text)) {
    const names = text.split('|').map((name) => name.trim());
    return (name) => names.includes(name);
  }
  try {
    const pattern = new RegExp(text);
    return (name) => pattern.test(name);
  } catch {
    // Whoever reads the file reports it.
    return null;
  }
}

/** A rule about a call: a tool, and perhaps a pattern for what the call is about (`*` admits any text). */
export interface Condition {
  readonly tool: string;
  readonly pattern: RegExp | null;
}

/** Reads a rule such as `Edit` or `Bash(git *)`; `Bash(git:*)` is an older form of the latter. Null: it is no such rule. */
export function readCondition(text: string): Condition | null {
  const parts = /^([\w-]+)(?:\((.*)\))?$/s.exec(text.trim());
  const tool = parts?.[1];
  if (tool === undefined) return null;
  const subject = parts?.[2];
  if (subject === undefined || subject === '' || subject === '*') return { tool, pattern: null };
  const prefix = /^(.*):\*$/s.exec(subject)?.[1];
  if (prefix !== undefined) return { tool, pattern: new RegExp(`^${literal(prefix)}(?:\\s.*)?$`, 's') };
  // A space before the last `*` may be the end of the command: `git *` also means `git`.
  const body = subject.split('*').map(literal).join('.*');
  return { tool, pattern: new RegExp(`^${body.replace(/ \.\*$/, '(?: .*)?')}$`, 's') };
}

function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
