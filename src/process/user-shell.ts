import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';

export interface UserShell {
  /** Absolute path of the shell that runs command strings. */
  readonly path: string;
  /** As the model is told: `bash`, `zsh`, `sh`. */
  readonly name: string;
}

/** The shell for command strings: the user's own if it is bash or zsh, else bash, else sh. */
export function userShell(): UserShell {
  const login = loginShell();
  if (login !== null && /\/(bash|zsh)$/.test(login) && existsSync(login)) return { path: login, name: nameOf(login) };
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
