import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** The system's store of secrets: Secret Service (GNOME, KDE, KeePassXC), Keychain, Credential Manager. Every call may throw. */
export interface Keyring {
  /** Null: it has nothing of this name. */
  read(name: string): string | null;
  write(name: string, secret: string): void;
  /** Succeeds also where there was nothing. */
  remove(name: string): void;
}

const SERVICE = 'keel';
/** The kernel's keyring would forget a key with the next start of the machine. */
const OPTIONS = { linux: { store: 'secret-service' } } as const;

/** @throws Error in words where there is none; the library is loaded here, so that only those who use a keyring pay for it */
export function systemKeyring(env: NodeJS.ProcessEnv = process.env): Keyring {
  if (process.platform === 'linux' && !hasSessionBus(env)) throw new Error('there is no D-Bus session');
  const require = createRequire(import.meta.url);
  const { Entry }: typeof import('@napi-rs/keyring') = require('@napi-rs/keyring');
  const entry = (name: string) => new Entry(SERVICE, name, OPTIONS);
  return {
    read: (name) => entry(name).getPassword(),
    write: (name, secret) => entry(name).setPassword(secret),
    remove: (name) => void entry(name).deletePassword(),
  };
}

/** Without one the library would try to start one. */
function hasSessionBus({ DBUS_SESSION_BUS_ADDRESS: address, XDG_RUNTIME_DIR: dir }: NodeJS.ProcessEnv): boolean {
  return Boolean(address) || (Boolean(dir) && existsSync(join(dir ?? '', 'bus')));
}
