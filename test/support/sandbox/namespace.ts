import { execFileSync } from 'node:child_process';

const OTHER_NAMESPACE = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];

/** Words before a command line that give it PIDs of its own; null where that is not possible. */
export function inOtherNamespace(): readonly string[] | null {
  try {
    execFileSync(OTHER_NAMESPACE[0] ?? '', [...OTHER_NAMESPACE.slice(1), 'true'], { stdio: 'ignore' });
    return OTHER_NAMESPACE;
  } catch {
    return null;
  }
}
