import type { ShellEnvironmentPolicy } from '../config/index.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const CORE_VARIABLES = ['HOME', 'LOGNAME', 'PATH', 'SHELL', 'USER', 'USERNAME', 'TMPDIR', 'TEMP', 'TMP'];
/** Names that speak of a secret, wherever the word stands. */
const SECRET_PATTERNS = ['*KEY*', '*SECRET*', '*TOKEN*'];
/** keel's own keys and switches never reach a command, whatever the policy. */
const OWN_PATTERNS = ['KEEL_*', 'CODEX_*', 'OPENAI_API_KEY', 'ANTHROPIC_API_KEY'];

/**
 * The environment of a command: what the policy lets through of `base`, without secrets, with what it sets. Patterns are
 * globs over whole names (`*`, `?`), blind to case. `withheld` are further names that hold a provider's key: no policy lets
 * them through, only a value that it sets itself.
 */
export function commandEnvironment(
  policy: Omit<ShellEnvironmentPolicy, 'useProfile'>,
  base: Environment,
  withheld: readonly string[] = [],
): Record<string, string> {
  const start = startSet(policy.inherit, base);
  const excluded = matcher([...(policy.ignoreDefaultExcludes ? [] : SECRET_PATTERNS), ...policy.exclude]);
  const own = matcher([...OWN_PATTERNS, ...withheld]);
  const kept = start.filter(([name]) => !excluded(name) && !own(name));
  const all = { ...Object.fromEntries(kept), ...policy.set };
  if (policy.includeOnly.length === 0) return all;
  const included = matcher(policy.includeOnly);
  return Object.fromEntries(Object.entries(all).filter(([name]) => included(name)));
}

function startSet(inherit: ShellEnvironmentPolicy['inherit'], base: Environment): [string, string][] {
  const all = Object.entries(base).filter((entry): entry is [string, string] => entry[1] !== undefined);
  if (inherit === 'all') return all;
  return inherit === 'none' ? [] : all.filter(([name]) => CORE_VARIABLES.includes(name.toUpperCase()));
}

function matcher(globs: readonly string[]): (name: string) => boolean {
  const patterns = globs.map((glob) => {
    const escaped = glob
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    return new RegExp(`^${escaped}$`, 'i');
  });
  return (name) => patterns.some((pattern) => pattern.test(name));
}
