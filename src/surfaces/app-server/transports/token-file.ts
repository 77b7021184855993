import { randomBytes } from 'node:crypto';
import { constants, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KeelError } from '../../../foundation/protocol/index.ts';
import { reasonOf } from '../../../foundation/util/index.ts';

const TOKEN_BYTES = 32;
const MIN_TOKEN_CHARS = 32;
const OTHERS = 0o077;

export interface TokenFile {
  readonly path: string;
  readonly token: string;
}

/**
 * The token that clients of a socket show, in `<home>/app-server-token`; made where it is missing. The sandbox hides the file
 * from commands, so that none of them becomes a client.
 * @throws KeelError `storageFailed`; `invalidConfig` for a file that others can read or that has no token
 */
export function tokenFile(home: string): TokenFile {
  const path = join(home, 'app-server-token');
  return { path, token: create(home, path) ?? read(path) };
}

/** Null: there is one. */
function create(home: string, path: string): string | null {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    writeFileSync(path, `${token}\n`, { flag: 'wx', mode: 0o600 });
    return token;
  } catch (cause) {
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return null;
    throw new KeelError('storageFailed', `${path} can't be written: ${reasonOf(cause)}`, { cause });
  }
}

function read(path: string): string {
  const stats = lstatSync(path);
  const fault = !stats.isFile()
    ? 'is not a file of its own'
    : stats.uid !== process.getuid?.()
      ? 'belongs to another user'
      : (stats.mode & OTHERS) !== 0
        ? `can be read by others: run chmod 600 ${path}`
        : null;
  if (fault !== null) throw new KeelError('invalidConfig', `${path} ${fault}`);
  const token = readFileSync(path, { encoding: 'utf8', flag: constants.O_RDONLY | constants.O_NOFOLLOW }).trim();
  if (token.length >= MIN_TOKEN_CHARS && /^[\x21-\x7e]+$/.test(token)) return token;
  throw new KeelError(
    'invalidConfig',
    `${path} has no token of ${MIN_TOKEN_CHARS} characters: remove it for a new one`,
  );
}
