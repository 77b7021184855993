import { readFileSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { KeelError } from '../protocol/index.ts';
import { decodeText } from '../util/index.ts';
import type { Environment } from './types.ts';

/** Names that a `.env` in the home can't set: it must not redirect keel itself. */
const OWN_NAME = /^(KEEL|CODEX)_/i;

/**
 * Where keel keeps its files: `KEEL_HOME`, else `~/.keel`, which need not exist.
 * @throws KeelError `invalidConfig` if the variable names a directory that isn't there
 */
export function resolveHome(env: Environment): string {
  const named = env['KEEL_HOME'];
  if (!named) return join(env['HOME'] || homedir(), '.keel');
  try {
    return realpathSync(named);
  } catch (cause) {
    throw new KeelError(
      'invalidConfig',
      `KEEL_HOME names ${named}, which does not exist: create it or unset the variable`,
      {
        cause,
      },
    );
  }
}

/** The environment with the home's `.env` behind it: what is set already wins. */
export function withDotenv(home: string, env: Environment): Environment {
  let text: string;
  try {
    text = decodeText(readFileSync(join(home, '.env')));
  } catch {
    // Most homes have none.
    return env;
  }
  const named = Object.entries(parseEnv(text)).filter(([name]) => !OWN_NAME.test(name));
  return { ...Object.fromEntries(named), ...env };
}
