import type { ExecPlan } from './exec-plan.ts';

/** How a command ended, as far as it tells whether its sandbox stopped it. */
export interface EndedCommand {
  readonly exitCode: number;
  /** What it printed, or the beginning and end of that. */
  readonly output: string;
}

/** 128 + SIGSYS: the filter killed it. */
const FILTER_EXIT = 159;
/** Codes that speak of something else: bad usage, not executable, not found. */
const OTHER_CAUSES = new Set([2, 126, 127]);
const MAX_HOSTS = 5;
const WORDS =
  /operation not permitted|permission denied|read-only file system|seccomp|sandbox|landlock|failed to write file/i;
const NO_NETWORK =
  /could not resolve host|name or service not known|temporary failure in name resolution|network is unreachable|EAI_AGAIN|getaddrinfo/i;

/**
 * What a plan's sandbox seems to have refused, in a few words; null where the end of a command has other causes. Programs
 * report refusals in their own words, so this is a likelihood: an ordinary "permission denied" looks the same.
 * `refusedHosts`: what the proxy refused meanwhile.
 */
export function denialOf(
  plan: ExecPlan,
  { exitCode, output }: EndedCommand,
  refusedHosts: readonly string[] = [],
): string | null {
  if (plan.backend === 'none' || exitCode === 0) return null;
  if (exitCode === FILTER_EXIT) return 'a system call that commands may not use';
  if (refusedHosts.length > 0) return `the network: ${refusedHosts.slice(0, MAX_HOSTS).join(', ')}`;
  const word = WORDS.exec(output)?.[0];
  if (word !== undefined) return word.toLowerCase();
  if (OTHER_CAUSES.has(exitCode) || plan.network === 'full') return null;
  return NO_NETWORK.test(output) ? 'the network' : null;
}
