import { realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { KeelError } from '../../foundation/protocol/index.ts';
import { directoryWritableByOthers, reasonOf, userHome } from '../../foundation/util/index.ts';
import { optionalHomeFile } from './layers/index.ts';
import type { Environment } from './types.ts';

/** Names that a `.env` in the home can't set: it must not redirect keel itself. */
const OWN_NAME = /^(KEEL|CODEX)_/i;

/**
 * Where keel keeps its files: `KEEL_HOME`, else `~/.keel`, which need not exist. What lies there names programs, rights and
 * keys: a directory that other users can change is refused.
 * @throws KeelError `invalidConfig` if the variable names a directory that isn't there, there is no home, or others own it
 */
export function resolveHome(env: Environment): string {
  const home = env['KEEL_HOME'] ? namedHome(env['KEEL_HOME']) : defaultHome(env);
  const stats = statSync(home, { throwIfNoEntry: false });
  const fault =
    stats === undefined ? null : stats.isDirectory() ? directoryWritableByOthers(stats) : 'is not a directory';
  if (fault === null) return home;
  const advice = stats?.uid === process.geteuid?.() ? `look through it and run \`chmod 700 ${home}\`, or set` : 'set';
  throw new KeelError('invalidConfig', `keel's home ${home} ${fault}: ${advice} KEEL_HOME to a directory of your own`);
}

function defaultHome(env: Environment): string {
  const home = userHome(env);
  if (home !== null) return join(home, '.keel');
  throw new KeelError(
    'invalidConfig',
    'this user has no home directory: set HOME, or KEEL_HOME to a directory of your own',
  );
}

function namedHome(named: string): string {
  try {
    return realpathSync(named);
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    const what = isMissing ? 'does not exist: create it' : `can't be used (${reasonOf(cause)}): name another one`;
    throw new KeelError('invalidConfig', `KEEL_HOME names ${named}, which ${what} or unset the variable`, { cause });
  }
}

/** The environment with the home's `.env` behind it: what is set already wins. @throws KeelError `invalidConfig` if others may write it */
export function withDotenv(home: string, env: Environment): Environment {
  const text = optionalHomeFile(home, '.env');
  // Most homes have none.
  if (text === null) return env;
  const named = Object.entries(parseEnv(text)).filter(([name]) => !OWN_NAME.test(name));
  return { ...Object.fromEntries(named), ...env };
}
