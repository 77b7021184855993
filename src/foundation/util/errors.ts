/** What an error says, for a sentence. Node gathers the failures of several addresses in one error without a message of its own. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}

/** An error of the system in its own words, without the call and the path: `no such file or directory (ENOENT)`. */
export function systemReason(error: unknown): string {
  const reason = reasonOf(error);
  return reason.replace(/^(\w+): (.*?)(, .*)?$/s, '$2 ($1)');
}

/** Ends a `switch` over a closed union: a new member becomes a compile error here, an unexpected value a clear throw. */
export function assertNever(value: never, what: string): never {
  throw new Error(`unexpected ${what}: ${JSON.stringify(value)}`);
}

/** What a user can do about a file of keel's home that can't be written, as sentences after the reason; empty where unknown. */
export function storageAdvice(reason: string): string {
  if (/ENOSPC|EDQUOT/.test(reason)) return ' Free some space, then resume the thread.';
  if (/ENOTDIR|EEXIST/.test(reason))
    return ' Move the file that is in the place of a directory away, or set KEEL_HOME.';
  if (!/EACCES|EROFS|EPERM/.test(reason)) return '';
  return ' Set KEEL_HOME to a directory that you can write, or run `keel exec --ephemeral` to keep no record.';
}
