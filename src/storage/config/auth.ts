import { closeSync, constants, mkdirSync, openSync } from 'node:fs';
import * as z from 'zod/mini';
import { writeInPlace } from '../../foundation/files/index.ts';
import { KeelError } from '../../foundation/protocol/index.ts';
import { readJson, reasonOf } from '../../foundation/util/index.ts';
import type { StoredKey, StoredTokens } from './credential-types.ts';
import type { Keyring } from './keyring.ts';
import { SecretFile, type SecretPlace, type WriteTo } from './secret-file.ts';

const Tokens = z.lazy(() =>
  z.looseObject({
    id_token: z.string(),
    access_token: z.string(),
    refresh_token: z.string(),
    account_id: z.optional(z.nullable(z.string())),
  }),
);
/** The form that the Codex CLI has too; `keys` is keel's own. */
const AuthFile = z.lazy(() =>
  z.looseObject({
    OPENAI_API_KEY: z.optional(z.nullable(z.string())),
    keys: z.optional(z.record(z.string(), z.string())),
    tokens: z.optional(z.nullable(Tokens)),
    last_refresh: z.optional(z.nullable(z.string())),
  }),
);
type AuthFile = z.infer<typeof AuthFile>;

const NAME = 'auth.json';

/** Where logins are stored. */
export interface LoginStore {
  /** keel's. */
  readonly home: string;
  readonly store: WriteTo;
  /** Absent: the system's. */
  readonly keyring?: () => Keyring;
}

/**
 * What logins stored; null if there was none. One whose keyring can't be opened has nothing but the reason, since a key may come from elsewhere.
 * @throws KeelError `invalidConfig` for a file that can't be read
 */
export function readStoredKey(home: string, keyring?: () => Keyring): StoredKey | null {
  const file = new SecretFile(home, NAME, keyring);
  try {
    const contents = contentsOf(file);
    if (contents === null) return null;
    const { OPENAI_API_KEY: apiKey = null, keys = {}, tokens = null, last_refresh: refreshed = null } = contents;
    const path = file.place()?.name ?? file.path;
    return { apiKey, keys, path, tokens: tokens === null ? null : storedTokens(tokens, refreshed) };
  } catch (error) {
    if (!(error instanceof KeelError) || error.kind !== 'missingCredentials') throw error;
    return { apiKey: null, path: file.path, fault: error.message };
  }
}

/**
 * Stores a key for the owner's eyes only, in place of what was stored for the provider: for OpenAI also of a sign-in.
 * @throws KeelError `storageFailed`; `missingCredentials` if what is there is in a keyring that can't be opened
 */
export function storeKey(login: LoginStore, apiKey: string, providerId: string = 'openai'): SecretPlace {
  const before = keptFields(login);
  const { tokens: _, last_refresh: __, ...others } = before;
  return write(
    login,
    providerId === 'openai'
      ? { ...others, OPENAI_API_KEY: apiKey }
      : { ...before, keys: { ...before.keys, [providerId]: apiKey } },
  );
}

/** Stores a sign-in, in place of a key for OpenAI. @throws as `storeKey` */
export function storeTokens(login: LoginStore, tokens: StoredTokens): SecretPlace {
  const { idToken, accessToken, refreshToken, accountId, refreshedAtMs } = tokens;
  return write(login, {
    ...keptFields(login),
    OPENAI_API_KEY: null,
    tokens: { id_token: idToken, access_token: accessToken, refresh_token: refreshToken, account_id: accountId },
    last_refresh: refreshedAtMs === null ? null : new Date(refreshedAtMs).toISOString(),
  });
}

/** Everything that is stored, of every provider. @returns whether there was anything @throws KeelError `storageFailed` */
export function removeStoredKey(home: string, keyring?: () => Keyring): boolean {
  return new SecretFile(home, NAME, keyring).remove();
}

/**
 * What is stored for one provider; for OpenAI also a sign-in. @returns whether there was anything
 * @throws KeelError `storageFailed`; `missingCredentials` if the keyring can't be opened
 */
export function removeProviderKey(login: Omit<LoginStore, 'store'>, providerId: string): boolean {
  const contents = contentsOf(new SecretFile(login.home, NAME, login.keyring));
  if (contents === null) return false;
  const { [providerId]: key, ...keys } = contents.keys ?? {};
  const { OPENAI_API_KEY: apiKey, tokens, last_refresh: _, ...others } = contents;
  const isOpenai = providerId === 'openai';
  const wasThere = key !== undefined || (isOpenai && Boolean(apiKey ?? tokens));
  const rest = { ...(isOpenai ? others : contents), keys };
  if (wasThere) write({ ...login, store: 'where-it-is' }, rest);
  return wasThere;
}

/** As if a file that is out of reach were not there. */
function contentsOf(file: SecretFile): AuthFile | null {
  const text = textOf(file);
  if (text === null) return null;
  try {
    return AuthFile.parse(readJson(text));
  } catch (cause) {
    throw new KeelError('invalidConfig', `${file.path} is not readable as stored credentials: log in again`, { cause });
  }
}

function textOf(file: SecretFile): string | null {
  try {
    return file.read();
  } catch (error) {
    if (error instanceof KeelError) throw error;
    // Out of reach, or not a file.
    return null;
  }
}

/**
 * A file that can't be read is replaced as a whole: that is what its error asks for. What is in a keyring that can't be opened is not lost
 * for that. @throws KeelError `missingCredentials`
 */
function keptFields({ home, keyring }: LoginStore): AuthFile {
  try {
    return contentsOf(new SecretFile(home, NAME, keyring)) ?? {};
  } catch (error) {
    if (error instanceof KeelError && error.kind === 'missingCredentials') throw error;
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

function write({ home, store, keyring }: LoginStore, contents: AuthFile): SecretPlace {
  const file = new SecretFile(home, NAME, keyring);
  return file.write(`${JSON.stringify(contents, null, 2)}\n`, store, (text) => writeFile(home, file.path, text));
}

/** In place where the file is there: a token is renewed while sandboxed commands run, which must not see it. */
function writeFile(home: string, path: string, text: string): void {
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      writeInPlace(fd, text, 0o600);
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    const advice = 'set KEEL_HOME to a directory that you can write';
    throw new KeelError('storageFailed', `${path} can't be written: ${reasonOf(cause)}; ${advice}`, { cause });
  }
}
