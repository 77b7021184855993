import { KeelError } from '../../../foundation/protocol/index.ts';
import { printable, reasonOf } from '../../../foundation/util/index.ts';
import { resolveCredentials } from '../../../models/client/index.ts';
import {
  type Config,
  loadConfig,
  removeProviderKey,
  removeStoredKey,
  resolveHome,
  storeKey,
} from '../../../storage/config/index.ts';
import { readCommandLine, refuseMore } from '../command-line.ts';
import type { CommandSpec } from '../command-spec.ts';
import type { Command } from '../commands.ts';
import { type CommandIo, readInput } from '../io.ts';
import { inWords, note } from '../output.ts';
import { readHidden } from '../read-hidden.ts';
import { UsageError } from '../usage.ts';

/** As if Ctrl-C had ended the program. */
const INTERRUPTED_EXIT = 130;

const spec = {
  usage: ['login [--with-api-key] [--provider NAME]', 'login [--device-code]', 'login status'],
  about: [
    "Store an API key in the system's keyring, or, where there is none, in a file in keel's home that you alone can read; or show which key is used. On a terminal keel asks for the key and doesn't show it; scripts pipe it in. `keel logout` removes what is stored.",
    'Where `chatgpt_client_id` is set, sign in with ChatGPT by a browser on this machine, or, with --device-code, by one elsewhere.',
    'Example: printenv OPENAI_API_KEY | keel login --with-api-key',
  ],
  verbs: { status: '' },
  options: {
    'with-api-key': { type: 'boolean', about: 'read the key from standard input' },
    provider: { type: 'string', value: 'NAME', about: 'store the key for this provider. Default: openai' },
    'device-code': { type: 'boolean', about: 'sign in with ChatGPT by a code that you enter in a browser elsewhere' },
  },
} as const satisfies CommandSpec;

const logoutSpec = {
  usage: ['logout [--provider NAME]'],
  about: ['Remove the keys and the sign-in that `keel login` stored. It succeeds also when there are none.'],
  options: {
    provider: { type: 'string', value: 'NAME', about: 'remove what is stored for this provider alone' },
  },
} as const satisfies CommandSpec;

export const loginCommand: Command = { spec, run: login };
export const logoutCommand: Command = { spec: logoutSpec, run: logout };

/** `keel login`. */
async function login(io: CommandIo, words: readonly string[]): Promise<number> {
  const { values, positionals } = readCommandLine(words, spec);
  const [verb, ...more] = positionals;
  const { 'with-api-key': isPiped = false, 'device-code': isDevice = false, provider } = values;
  if (verb === 'status') {
    if (isPiped || isDevice || provider !== undefined) throw new UsageError('status takes no options');
    refuseMore(more);
    return status(io);
  }
  refuseMore(positionals);
  if (isDevice && (isPiped || provider !== undefined)) throw new UsageError('--device-code stores no key');
  const config = isPiped ? null : await configIfAny(io, isDevice);
  if (config !== null && provider === undefined && (isDevice || config.signIn.clientId !== null)) {
    const { signInWithChatgpt } = await import('../sign-in.ts');
    return signInWithChatgpt(io, config, isDevice ? 'device' : 'browser');
  }
  if (!isPiped && !io.stdin.isTTY) {
    throw new UsageError('pipe the key in with --with-api-key, or use keel login status');
  }
  return storeGivenKey(io, provider);
}

async function storeGivenKey(io: CommandIo, provider: string | undefined): Promise<number> {
  const home = resolveHome(io.env);
  const config =
    provider === undefined
      ? await configIfAny(io, false)
      : await configOf(io, [`model_provider=${JSON.stringify(provider)}`]);
  const key = await readKey(io);
  if (key === null) {
    note(io, 'Nothing was changed.\n');
    return INTERRUPTED_EXIT;
  }
  const login = { home, store: config?.credentialStores.login ?? 'auto' };
  const place = storeKey(login, key, provider === undefined ? 'openai' : config?.provider.id);
  note(io, `The key is kept in ${inWords(place)}.\n`);
  return 0;
}

/** `keel logout`: succeeds also when no key is stored. */
async function logout(io: CommandIo, words: readonly string[]): Promise<number> {
  const { values, positionals } = readCommandLine(words, logoutSpec);
  refuseMore(positionals);
  const { provider } = values;
  const home = resolveHome(io.env);
  const removed = provider === undefined ? removeStoredKey(home) : removeProviderKey({ home }, provider);
  note(io, removed ? 'What was stored is removed.\n' : 'There was no stored key.\n');
  return 0;
}

async function status(io: CommandIo): Promise<number> {
  const config = await configOf(io);
  try {
    const { bearer, source, kind } = resolveCredentials(config.provider, config.env, config.storedKey);
    if (kind === 'signIn') note(io, `Using ${source}${await accountIn(config)}\n`);
    else note(io, `Using a key from ${source}${bearer === null ? '' : `: ${masked(bearer)}`}\n`);
    return 0;
  } catch (error) {
    note(io, `${reasonOf(error)}\n`);
    return 1;
  }
}

/** Whose sign-in it is, where its token says so. */
async function accountIn({ storedKey }: Pick<Config, 'storedKey'>): Promise<string> {
  const { accountOf } = await import('../../../models/auth/index.ts');
  const { email, plan } = accountOf(storedKey?.tokens?.idToken ?? '');
  const known = [email, plan === null ? null : `plan ${plan}`].filter((part) => part !== null);
  return known.length === 0 ? '' : `: ${printable(known.join(', '))}`;
}

/** Null: it can't be read. That is no reason to refuse a key, which may be what is wrong with it. */
async function configIfAny(io: CommandIo, isNeeded: boolean): Promise<Config | null> {
  try {
    return await configOf(io);
  } catch (error) {
    if (isNeeded || !(error instanceof KeelError)) throw error;
    return null;
  }
}

function configOf(io: CommandIo, overrides: readonly string[] = []): Promise<Config> {
  return loadConfig({ env: io.env, cwd: io.cwd, overrides, flags: {} });
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
