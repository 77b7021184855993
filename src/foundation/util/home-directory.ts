import { homedir } from 'node:os';

/** The user's own directory; null for a user id without one, as in some containers. */
export function userHome(env: Readonly<Record<string, string | undefined>> = process.env): string | null {
  if (env['HOME']) return env['HOME'];
  try {
    return homedir();
  } catch {
    // The system has no entry for this user id.
    return null;
  }
}
