import { accessSync, constants } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isInside, realPath } from '../../../foundation/util/index.ts';
import type { ExecPlan, Mount } from './exec-plan.ts';

/** How a command ended, as far as it shows whether its sandbox stopped it. */
export interface EndedCommand {
  readonly exitCode: number;
  /** What it printed, or the beginning and end of that. */
  readonly output: string;
}

/** What a sandbox seems to have refused. */
export interface Denial {
  /** In a few words, on one line. */
  readonly what: string;
  /** The plan closes just this, and without it the user could have done it; else an ordinary fault looks the same. */
  readonly isCertain: boolean;
}

/** 128 + SIGSYS: the filter killed it. */
const FILTER_EXIT = 159;
/** Codes of what did not run: not executable, not found. */
const NOT_RUN = new Set([126, 127]);
const WORDS =
  /operation not permitted|permission denied|read-only file system|seccomp|sandbox|landlock|failed to write file/i;
/** The proxy's own words, which name a setting of the sandbox. */
const REFUSED_HOST = /^.*keel refused .*$/gm;
const NO_NETWORK =
  /could not resolve host|name or service not known|temporary failure in name resolution|network is unreachable|failed to lookup address|dial tcp: lookup|disabled by GOPROXY|trouble with your network|EAI_AGAIN|ENOTFOUND|ENETUNREACH|getaddrinfo/i;
const NO_SOCKETS =
  /\b(?:listen|bind|connect|socket)\b[^\n]{0,200}(?:EPERM|not permitted)|_socket\.socket[\s\S]{0,400}not permitted/i;
const NETWORK: Denial = { what: 'the network', isCertain: true };
const SOCKETS: Denial = { what: 'the network, 127.0.0.1 included', isCertain: true };
/** More lines are not looked through for a path. */
const MAX_LINES = 200;
const MAX_PATH_CHARS = 200;

/**
 * What a plan's sandbox seems to have refused; null where the end of a command has other causes. Programs report refusals
 * in their own words, so it is often but a likelihood. Hosts that the proxy refused are no such cause: the user, or their
 * lists, have answered that already.
 */
export function denialOf(
  plan: ExecPlan,
  { exitCode, output }: EndedCommand,
  refusedHosts: readonly string[] = [],
): Denial | null {
  if (plan.backend === 'none' || exitCode === 0) return null;
  if (exitCode === FILTER_EXIT) return { what: 'a system call that commands may not use', isCertain: true };
  const complaints = refusedHosts.length === 0 ? output : output.replaceAll(REFUSED_HOST, '');
  const word = WORDS.exec(complaints)?.[0];
  const closed = word === undefined ? null : closedPath(plan, complaints);
  if (closed !== null) return closed;
  if (refusedHosts.length === 0 && !NOT_RUN.has(exitCode)) {
    if (plan.network === 'none' && NO_SOCKETS.test(output)) return SOCKETS;
    if (plan.network !== 'full' && NO_NETWORK.test(output)) return NETWORK;
  }
  return word === undefined ? null : { what: word.toLowerCase(), isCertain: false };
}

/** Whether what was refused is the network: it is not there, and neither waiting nor another try changes that. */
export function isNetworkDenial(denial: Denial | null): boolean {
  return denial === NETWORK || denial === SOCKETS;
}

/** The first path in the complaints that the plan closes to the command and not to the user. */
function closedPath(plan: ExecPlan, output: string): Denial | null {
  const complaints = output.split('\n').filter((line) => WORDS.test(line));
  for (const line of complaints.slice(0, MAX_LINES)) {
    for (const name of namesIn(line)) {
      const path = realPath(resolve(plan.spawn.cwd, name));
      const closed = closedTo(plan.mounts, path);
      if (closed !== null && isOpenToUser(path, closed))
        return { what: `${closed === 'writing' ? 'writing to' : closed} ${shown(path)}`, isCertain: true };
    }
  }
  return null;
}

/** `touch: cannot touch 'x': Permission denied`, `bash: x: Read-only file system`, `EROFS: read-only file system, open 'x'`. */
function namesIn(line: string): string[] {
  const quoted = [...line.matchAll(/['"‘“`]([^'"’”`]+)['"’”`]/g)].map(([, name]) => name ?? '');
  const before = /([^:]+): (?:operation|permission|read-only)/i.exec(line)?.[1]?.trim() ?? '';
  const last = before.split(' ').at(-1) ?? '';
  return [...quoted, before, last].filter((name) => name !== '' && !name.includes('\0') && name.length < 4_096);
}

function closedTo(mounts: readonly Mount[], path: string): 'writing' | 'reading' | null {
  const mount = mounts.findLast((each) => isInside(path, each.path));
  if (mount?.type === 'hidden') return 'reading';
  return mount?.type === 'writable' || mount?.type === 'pinned' ? null : 'writing';
}

function isOpenToUser(path: string, how: 'writing' | 'reading'): boolean {
  const mode = how === 'writing' ? constants.W_OK : constants.R_OK;
  return isAllowed(path, mode) ?? isAllowed(dirname(path), mode) ?? false;
}

/** Null: there is nothing of this name. */
function isAllowed(path: string, mode: number): boolean | null {
  try {
    accessSync(path, mode);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? null : false;
  }
}

function shown(path: string): string {
  return path.replaceAll(/[\p{C}\u2028\u2029]/gu, '?').slice(0, MAX_PATH_CHARS);
}
