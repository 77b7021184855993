import { closeSync, constants, existsSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { writeInPlace } from '../../foundation/files/index.ts';
import { KeelError } from '../../foundation/protocol/index.ts';
import { readJson, reasonOf } from '../../foundation/util/index.ts';
import type { StoredKey, StoredTokens } from './credential-types.ts';
import { optionalHomeFile } from './layers/index.ts';

const Tokens = z.looseObject({
  id_token: z.string(),
  access_token: z.string(),
  refresh_token: z.string(),
  account_id: z.optional(z.nullable(z.string())),
});
/** The form that the Codex CLI has too; `keys` is keel's own. */
const AuthFile = z.looseObject({
  OPENAI_API_KEY: z.optional(z.nullable(z.string())),
  keys: z.optional(z.record(z.string(), z.string())),
  tokens: z.optional(z.nullable(Tokens)),
  last_refresh: z.optional(z.nullable(z.string())),
});
type AuthFile = z.infer<typeof AuthFile>;

/** What logins stored; null if there was none. @throws KeelError `invalidConfig` for a file that can't be read */
export function readStoredKey(home: string): StoredKey | null {
  const file = readAuthFile(home);
  if (file === null) return null;
  const { OPENAI_API_KEY: apiKey = null, keys = {}, tokens = null, last_refresh: refreshed = null } = file;
  return {
    apiKey,
    keys,
    path: join(home, 'auth.json'),
    tokens: tokens === null ? null : storedTokens(tokens, refreshed),
  };
}

/**
 * Stores a key for the owner's eyes only, in place of what was stored for the provider: for OpenAI also of a sign-in.
 * @throws KeelError `storageFailed`
 */
export function storeKey(home: string, apiKey: string, providerId: string = 'openai'): void {
  const before = keptFields(home);
  const { tokens: _, last_refresh: __, ...others } = before;
  write(
    home,
    providerId === 'openai'
      ? { ...others, OPENAI_API_KEY: apiKey }
      : { ...before, keys: { ...before.keys, [providerId]: apiKey } },
  );
}

/** Stores a sign-in, in place of a key for OpenAI. @throws KeelError `storageFailed` */
export function storeTokens(home: string, tokens: StoredTokens): void {
  const { idToken, accessToken, refreshToken, accountId, refreshedAtMs } = tokens;
  write(home, {
    ...keptFields(home),
    OPENAI_API_KEY: null,
    tokens: { id_token: idToken, access_token: accessToken, refresh_token: refreshToken, account_id: accountId },
    last_refresh: refreshedAtMs === null ? null : new Date(refreshedAtMs).toISOString(),
  });
}

/** Everything that is stored, of every provider. @returns whether there was anything to remove */
export function removeStoredKey(home: string): boolean {
  const path = join(home, 'auth.json');
  const wasThere = existsSync(path);
  rmSync(path, { force: true });
  return wasThere;
}

function readAuthFile(home: string): AuthFile | null {
  const text = optionalHomeFile(home, 'auth.json');
  // Nobody has logged in.
  if (text === null) return null;
  try {
    return AuthFile.parse(readJson(text));
  } catch (cause) {
    const path = join(home, 'auth.json');
    throw new KeelError('invalidConfig', `${path} is not readable as stored credentials: log in again`, { cause });
  }
}

/** A file that can't be read is replaced as a whole: that is what its error asks for. */
function keptFields(home: string): AuthFile {
  try {
    return readAuthFile(home) ?? {};
  } catch {
    return {};
  }
}

function storedTokens(tokens: z.infer<typeof Tokens>, refreshed: string | null): StoredTokens {
  const refreshedAtMs = refreshed === null ? Number.NaN : Date.parse(refreshed);
  return {
    idToken: tokens.id_token,
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token,
    accountId: tokens.account_id ?? null,
    refreshedAtMs: Number.isNaN(refreshedAtMs) ? null : refreshedAtMs,
  };
}

/** In place where the file is there: a token is renewed while sandboxed commands run, which must not see it. */
function write(home: string, file: AuthFile): void {
  const path = join(home, 'auth.json');
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      writeInPlace(fd, `${JSON.stringify(file, null, 2)}\n`, 0o600);
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    const advice = 'set KEEL_HOME to a directory that you can write';
    throw new KeelError('storageFailed', `${path} can't be written: ${reasonOf(cause)}; ${advice}`, { cause });
  }
}
