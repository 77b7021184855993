type Environment = Readonly<Record<string, string | undefined>>;

/** In a user's runtime directory: the session's bus, the keyring's own sockets, and systemd's, which starts programs outside. */
const SOCKETS = ['bus', 'keyring', 'systemd'];
/** Names the bus to programs. */
export const BUS_VARIABLE = 'DBUS_SESSION_BUS_ADDRESS';

/**
 * The sockets by which a program reaches the user's keyring and session, and the files of a keychain: whoever has them reads every
 * secret of the user, and by the bus starts programs that no sandbox confines.
 */
export function sessionPlaces(env: Environment): readonly string[] {
  if (process.platform === 'darwin') return env['HOME'] === undefined ? [] : [`${env['HOME']}/Library/Keychains`];
  const uid = process.getuid?.();
  const dirs = [env['XDG_RUNTIME_DIR'], uid === undefined ? undefined : `/run/user/${uid}`];
  const usual = dirs.flatMap((dir) => (dir?.startsWith('/') ? SOCKETS.map((name) => `${dir}/${name}`) : []));
  return [...new Set([...usual, ...busPaths(env[BUS_VARIABLE] ?? '')])];
}

/** Paths in a D-Bus address: `unix:path=/run/user/1000/bus,guid=…;unix:…`, with %-escapes. */
function busPaths(address: string): string[] {
  return [...address.matchAll(/(?:^|[;,:])path=([^;,]+)/g)].flatMap(([, escaped = '']) => {
    const path = unescaped(escaped);
    return path.startsWith('/') ? [path] : [];
  });
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not escaped as it should be: the library of D-Bus refuses it as well.
    return '';
  }
}
