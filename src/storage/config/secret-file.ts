import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { KeelError } from '../../foundation/protocol/index.ts';
import { readJson, reasonOf } from '../../foundation/util/index.ts';
import { type Keyring, systemKeyring } from './keyring.ts';
import { readHomeFile } from './layers/index.ts';

/** Where secrets are to be kept. `auto`: in the system's keyring, or in a file where there is none. */
export type CredentialStore = 'auto' | 'file' | 'keyring';

/** `where-it-is`: what is in the keyring stays there, and what is in a file too. */
export type WriteTo = CredentialStore | 'where-it-is';

/** Where a secret is. */
export interface SecretPlace {
  readonly type: 'file' | 'keyring';
  /** For a person: `the system's keyring`, or the path of the file. */
  readonly name: string;
  /** Why the keyring was not used although it came first; null: it was used, or was not to be. */
  readonly whyNot: string | null;
}

/** What the file has in it while its text is in the keyring. */
const Note = z.object({ kept_in: z.literal('keyring') });
const NOTE = `${JSON.stringify({ kept_in: 'keyring' }, null, 2)}\n`;
const KEYRING = "the system's keyring";

/**
 * A file of secrets in keel's home, for its owner alone; or a note in its place that they are in the system's keyring. The file says
 * where they are, whatever is configured now, so that the keyring is opened only by those who have something in it.
 */
export class SecretFile {
  readonly path: string;
  readonly #home: string;
  readonly #name: string;
  readonly #keyring: () => Keyring;

  constructor(home: string, name: string, keyring: () => Keyring = systemKeyring) {
    this.#home = home;
    this.#name = name;
    this.#keyring = keyring;
    this.path = join(home, name);
  }

  /** Where the secrets are; null: there are none. @throws what `readHomeFile` throws */
  place(): SecretPlace | null {
    const text = readHomeFile(this.#home, this.#name);
    if (text === null) return null;
    return isNote(text) ? { type: 'keyring', name: KEYRING, whyNot: null } : this.#inFile(null);
  }

  /** Null: there is nothing. @throws KeelError `missingCredentials` if the keyring can't be opened; what `readHomeFile` throws */
  read(): string | null {
    const text = readHomeFile(this.#home, this.#name);
    if (text === null || !isNote(text)) return text;
    try {
      return this.#keyring().read(this.#account());
    } catch (cause) {
      const why = `which can't be read (${shortReason(cause)})`;
      const message = `the credentials are in ${KEYRING}, ${why}: unlock it, or remove ${this.path} to do without them`;
      throw new KeelError('missingCredentials', message, { cause });
    }
  }

  /**
   * Keeps a text. `writeFile` gets what the file is to have in it.
   * @throws KeelError `storageFailed` if it has to be the keyring and that can't be used; what `writeFile` throws
   */
  write(text: string, to: WriteTo, writeFile: (content: string) => void): SecretPlace {
    const wasInKeyring = this.#isInKeyring();
    const store = to !== 'where-it-is' ? to : wasInKeyring ? 'keyring' : 'file';
    const whyNot = store === 'file' ? null : this.#intoKeyring(text);
    if (store !== 'file' && whyNot === null) {
      writeFile(NOTE);
      return { type: 'keyring', name: KEYRING, whyNot };
    }
    if (store === 'keyring') {
      const advice = 'cli_auth_credentials_store and mcp_oauth_credentials_store = "auto" or "file" do without it';
      throw new KeelError('storageFailed', `${KEYRING} can't be used: ${whyNot}; ${advice}`);
    }
    writeFile(text);
    if (wasInKeyring) this.#tryRemove();
    return this.#inFile(whyNot);
  }

  /** @returns whether there was anything @throws KeelError `storageFailed` if it is in a keyring that can't be opened */
  remove(): boolean {
    const before = this.place();
    if (before === null) return false;
    if (before.type === 'keyring') {
      const reason = this.#tryRemove();
      if (reason !== null)
        throw new KeelError('storageFailed', `nothing is removed: ${KEYRING} can't be used: ${reason}`);
    }
    rmSync(this.path, { force: true });
    return true;
  }

  #isInKeyring(): boolean {
    try {
      return this.place()?.type === 'keyring';
    } catch {
      // A file that can't be read is replaced.
      return false;
    }
  }

  #inFile(whyNot: string | null): SecretPlace {
    return { type: 'file', name: this.path, whyNot };
  }

  /** Null, or why it did not work. */
  #intoKeyring(text: string): string | null {
    try {
      const keyring = this.#keyring();
      keyring.write(this.#account(), text);
      // A service that takes a secret and forgets it would lose the only copy.
      return keyring.read(this.#account()) === text ? null : 'it does not keep what is written to it';
    } catch (cause) {
      return shortReason(cause);
    }
  }

  #tryRemove(): string | null {
    try {
      this.#keyring().remove(this.#account());
      return null;
    } catch (cause) {
      return shortReason(cause);
    }
  }

  /** Each home has its own. */
  #account(): string {
    return `${this.#name} ${createHash('sha256').update(this.#home).digest('hex').slice(0, 16)}`;
  }
}

function isNote(text: string): boolean {
  try {
    return z.safeParse(Note, readJson(text)).success;
  } catch {
    // Not JSON: whoever reads it says what is wrong.
    return false;
  }
}

/** Libraries of the system add stacks and lists of places. */
function shortReason(cause: unknown): string {
  const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'MODULE_NOT_FOUND';
  return isMissing ? 'its library is not installed' : (reasonOf(cause).split('\n')[0] ?? '');
}
