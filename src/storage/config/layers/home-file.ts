import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { readObeyedFile, UntrustedFile } from '../../../foundation/files/index.ts';
import { KeelError } from '../../../foundation/protocol/index.ts';
import { decodeText, ownerOf, reasonOf, type WriterLimits } from '../../../foundation/util/index.ts';

/** Far more than settings or credentials need. */
export const MAX_SETTINGS_BYTES = 8 * 1024 * 1024;

/** Who may write the files of keel's home: its owner, this user and root. The way to it was named by the user. */
function homeLimits(home: string): WriterLimits {
  return { trusted: ownerOf(home), below: home };
}

/**
 * The text of a file in keel's home, which names programs, rights and keys; null if there is none.
 * @throws KeelError `invalidConfig` for a file that others may write; what the system says of one that can't be read
 */
export function readHomeFile(home: string, name: string): string | null {
  try {
    const real = realpathSync.native(home);
    const options = { maxBytes: MAX_SETTINGS_BYTES, limits: () => homeLimits(real) };
    return decodeText(readObeyedFile(join(real, name), options));
  } catch (cause) {
    if (cause instanceof UntrustedFile) throw untrusted(join(home, name), cause);
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    throw cause;
  }
}

/** The same where keel does without a file that can't be read. @throws KeelError `invalidConfig` for one that others may write */
export function optionalHomeFile(home: string, name: string): string | null {
  try {
    return readHomeFile(home, name);
  } catch (error) {
    if (error instanceof KeelError) throw error;
    // Out of reach, or not a file: as if it were not there.
    return null;
  }
}

/** As ssh does it: no setting of such a file counts, and nothing runs without it. */
function untrusted(path: string, cause: UntrustedFile): KeelError {
  const advice = 'keel does not obey it. Look through it, then run `chmod go-w` or `chown` on what is named';
  return new KeelError('invalidConfig', `${path} is not used: ${reasonOf(cause)}. ${advice}`, { cause });
}
