import { KeelError } from '../../../foundation/protocol/index.ts';
import { reasonOf } from '../../../foundation/util/index.ts';
import { resolveCredentials } from '../../../models/client/index.ts';
import { loadConfig, removeStoredKey, resolveHome, storeKey } from '../../../storage/config/index.ts';
import { readCommandLine, refuseMore } from '../command-line.ts';
import type { CommandSpec } from '../command-spec.ts';
import type { Command } from '../commands.ts';
import { type CommandIo, readInput } from '../io.ts';
import { note } from '../output.ts';
import { readHidden } from '../read-hidden.ts';
import { UsageError } from '../usage.ts';

/** As if Ctrl-C had ended the program. */
const INTERRUPTED_EXIT = 130;

const spec = {
  usage: ['login [--with-api-key]', 'login status'],
  about: [
    "Store an API key in keel's home, readable by you only, or show which key is used. On a terminal keel asks for the key and doesn't show it; scripts pipe it in. `keel logout` removes the stored one.",
    'Example: printenv OPENAI_API_KEY | keel login --with-api-key',
  ],
  verbs: { status: '' },
  options: { 'with-api-key': { type: 'boolean', about: 'read the key from standard input' } },
} as const satisfies CommandSpec;

const logoutSpec = {
  usage: ['logout'],
  about: ['Remove the API key that `keel login` stored. It succeeds also when there is none.'],
  options: {},
} as const satisfies CommandSpec;

export const loginCommand: Command = { spec, run: login };
export const logoutCommand: Command = { spec: logoutSpec, run: logout };

/** `keel login`. */
async function login(io: CommandIo, words: readonly string[]): Promise<number> {
  const { values, positionals } = readCommandLine(words, spec);
  const [verb, ...more] = positionals;
  if (verb === 'status') {
    if (values['with-api-key']) throw new UsageError('status takes no --with-api-key');
    refuseMore(more);
    return status(io);
  }
  refuseMore(positionals);
  if (!values['with-api-key'] && !io.stdin.isTTY) {
    throw new UsageError('pipe the key in with --with-api-key, or use keel login status');
  }
  const home = resolveHome(io.env);
  const key = await readKey(io);
  if (key === null) {
    note(io, 'Nothing was changed.\n');
    return INTERRUPTED_EXIT;
  }
  storeKey(home, key);
  note(io, 'The key is stored.\n');
  return 0;
}

/** `keel logout`: succeeds also when no key is stored. */
async function logout(io: CommandIo, words: readonly string[]): Promise<number> {
  refuseMore(readCommandLine(words, logoutSpec).positionals);
  const removed = removeStoredKey(resolveHome(io.env));
  note(io, removed ? 'The stored key is removed.\n' : 'There was no stored key.\n');
  return 0;
}

async function status(io: CommandIo): Promise<number> {
  const config = await loadConfig({ env: io.env, cwd: io.cwd, overrides: [], flags: {} });
  try {
    const { bearer, source } = resolveCredentials(config.provider, config.env, config.storedKey);
    note(io, `Using a key from ${source}${bearer === null ? '' : `: ${masked(bearer)}`}\n`);
    return 0;
  } catch (error) {
    note(io, `${reasonOf(error)}\n`);
    return 1;
  }
}

/** Null: the user gave up. */
async function readKey(io: CommandIo): Promise<string | null> {
  const text = io.stdin.isTTY ? await readHidden(io, 'API key (it is not shown): ') : await readInput(io);
  const key = text?.trim() ?? null;
  if (key === '') throw new KeelError('invalidInput', 'there was no key; nothing was changed');
  if (key !== null && /\s/.test(key)) {
    throw new KeelError('invalidInput', 'a key has no spaces or line breaks; nothing was changed');
  }
  return key;
}

/** Enough of a key to recognise it, too little to use it. */
function masked(key: string): string {
  return key.length <= 13 ? '***' : `${key.slice(0, 8)}***${key.slice(-5)}`;
}
