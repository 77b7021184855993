import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { type ProgramSearch, programFault } from '../../../foundation/util/index.ts';

export interface UserShell {
  /** Absolute path of the shell that runs command strings. */
  readonly path: string;
  /** Name of the shell for the model: `bash`, `zsh`, `sh`. */
  readonly name: string;
}

/**
 * The shell for command strings: the user's own if it is bash or zsh, else bash, else sh. One that commands could replace is
 * passed over, since the login shell is asked for its environment outside the sandbox.
 */
export function userShell(search: ProgramSearch): UserShell {
  const login = loginShell();
  const isUsable = login !== null && /^\/.*\/(bash|zsh)$/.test(login) && programFault(login, search) === null;
  if (isUsable) return { path: login, name: nameOf(login) };
  const path =
    ['/bin/bash', '/usr/bin/bash', '/usr/local/bin/bash'].find((candidate) => existsSync(candidate)) ?? '/bin/sh';
  return { path, name: nameOf(path) };
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function loginShell(): string | null {
  try {
    return userInfo().shell;
  } catch {
    // A user id without an entry, as in some containers.
    return null;
  }
}
