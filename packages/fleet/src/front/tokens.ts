import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import * as z from 'zod/mini';

/** The name of a user, as the engine gets it in a header. */
export const UserName = z.string().check(z.regex(/^[\w.@-]{1,64}$/));
const Entry = z.object({ user: UserName, sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)) });
const File = z.object({ tokens: z.array(Entry) });

/** The file of tokens can't be used; the message says why. */
export class TokenFileError extends Error {}

/**
 * The users of a fleet by their tokens. The file has digests only, is readable by its owner alone, and is read again when it changes,
 * so that a token that is taken out counts no more.
 */
export class Tokens {
  readonly #path: string;
  #version = '';
  #entries: readonly { readonly user: string; readonly digest: Buffer }[] = [];

  /** @throws TokenFileError */
  constructor(path: string) {
    this.#path = path;
    this.#refresh();
  }

  /** The user with this token; null: nobody has it. Every entry is compared, each in the same time. */
  userOf(token: string): string | null {
    this.#refresh();
    const given = digest(token);
    let found: string | null = null;
    for (const { user, digest: known } of this.#entries) if (timingSafeEqual(given, known)) found = user;
    return found;
  }

  /** A file that can't be read any more lets nobody in. */
  #refresh(): void {
    const { mtimeMs, ino, size } = statSync(this.#path, { throwIfNoEntry: false }) ?? { mtimeMs: 0, ino: 0, size: 0 };
    const version = `${mtimeMs} ${ino} ${size}`;
    if (version === this.#version) return;
    this.#entries = [];
    this.#entries = read(this.#path).map(({ user, sha256 }) => ({ user, digest: Buffer.from(sha256, 'hex') }));
    this.#version = version;
  }
}

/** Adds a token for a user. @returns the token, which is written nowhere @throws TokenFileError */
export function addToken(path: string, user: string): string {
  if (!UserName.safeParse(user).success)
    throw new TokenFileError(`"${user}" is no name of a user: letters, digits, . @ _ -`);
  const token = randomBytes(32).toString('base64url');
  const isNew = statSync(path, { throwIfNoEntry: false }) === undefined;
  const tokens = isNew ? [] : read(path);
  const text = JSON.stringify({ tokens: [...tokens, { user, sha256: digest(token).toString('hex') }] }, null, 2);
  writeFileSync(path, `${text}\n`, { mode: 0o600, flag: isNew ? 'wx' : 'w' });
  return token;
}

function read(path: string): readonly z.infer<typeof Entry>[] {
  let text: string;
  try {
    const fd = openSync(path, 'r');
    try {
      const { mode } = fstatSync(fd);
      if ((mode & 0o077) !== 0) throw new TokenFileError(`${path} can be read by others: chmod 600 ${path}`);
      text = readFileSync(fd, 'utf8');
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (error instanceof TokenFileError) throw error;
    throw new TokenFileError(`the tokens can't be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  try {
    return File.parse(JSON.parse(text)).tokens;
  } catch {
    throw new TokenFileError(`${path} is not a file of tokens`);
  }
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
