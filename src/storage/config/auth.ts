import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { KeelError } from '../../foundation/protocol/index.ts';
import { readJson, reasonOf } from '../../foundation/util/index.ts';
import { optionalHomeFile } from './layers/index.ts';
import type { StoredKey } from './types.ts';

const AuthFile = z.looseObject({ OPENAI_API_KEY: z.optional(z.nullable(z.string())) });

/** The key that a login stored; null if there was none. @throws KeelError `invalidConfig` for a file that can't be read */
export function readStoredKey(home: string): StoredKey | null {
  const path = join(home, 'auth.json');
  const text = optionalHomeFile(home, 'auth.json');
  // Nobody has logged in.
  if (text === null) return null;
  try {
    return { apiKey: AuthFile.parse(readJson(text)).OPENAI_API_KEY ?? null, path };
  } catch (cause) {
    throw new KeelError('invalidConfig', `${path} is not readable as stored credentials: log in again`, { cause });
  }
}

/**
 * Stores a key for the owner's eyes only, in place of whatever was stored.
 * @throws KeelError `storageFailed`
 */
export function storeKey(home: string, apiKey: string): void {
  const path = join(home, 'auth.json');
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    writeFileSync(path, `${JSON.stringify({ OPENAI_API_KEY: apiKey }, null, 2)}\n`, { mode: 0o600 });
    chmodSync(path, 0o600);
  } catch (cause) {
    const advice = 'set KEEL_HOME to a directory that you can write';
    throw new KeelError('storageFailed', `${path} can't be written: ${reasonOf(cause)}; ${advice}`, { cause });
  }
}

/** @returns whether there was anything to remove */
export function removeStoredKey(home: string): boolean {
  const path = join(home, 'auth.json');
  const wasThere = existsSync(path);
  rmSync(path, { force: true });
  return wasThere;
}
