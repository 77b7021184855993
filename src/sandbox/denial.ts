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
const WORDS =
  /operation not permitted|permission denied|read-only file system|seccomp|sandbox|landlock|failed to write file/i;
/** The proxy's own words, which name a setting of the sandbox. */
const REFUSED_HOST = /^.*keel refused .*$/gm;
const NO_NETWORK =
  /could not resolve host|name or service not known|temporary failure in name resolution|network is unreachable|EAI_AGAIN|getaddrinfo/i;

/**
 * What a plan's sandbox seems to have refused, in a few words; null where the end of a command has other causes. Programs
 * report refusals in their own words, so this is a likelihood: an ordinary "permission denied" looks the same. Hosts that
 * the proxy refused are no such cause: the user, or their lists, have answered that already.
 */
export function denialOf(
  plan: ExecPlan,
  { exitCode, output }: EndedCommand,
  refusedHosts: readonly string[] = [],
): string | null {
  if (plan.backend === 'none' || exitCode === 0) return null;
  if (exitCode === FILTER_EXIT) return 'a system call that commands may not use';
  const told = refusedHosts.length === 0 ? output : output.replaceAll(REFUSED_HOST, '');
  const word = WORDS.exec(told)?.[0];
  if (word !== undefined) return word.toLowerCase();
  if (OTHER_CAUSES.has(exitCode) || plan.network === 'full' || refusedHosts.length > 0) return null;
  return NO_NETWORK.test(output) ? 'the network' : null;
}
