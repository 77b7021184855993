/** Words that make a name a secret's, wherever they are in it. */
const SECRET_WORDS: ReadonlySet<string> = new Set([
  'auth', // NPM_CONFIG__AUTH, REDISCLI_AUTH, DOCKER_AUTH_CONFIG
  'authorization', // the header
  'basicauth',
  'bearer',
  'cookie',
  'cookies',
  'cred',
  'creds',
  'credential',
  'credentials', // AWS_CREDENTIALS, GOOGLE_APPLICATION_CREDENTIALS
  'jwt',
  'key',
  'keys',
  'mnemonic',
  'oauth',
  'otp',
  'passcode',
  'passphrase',
  'passphrases',
  'totp',
]);

/** Short words that mean a secret only as the last one: DB_PASS, OTHER_PW, GITHUB_PAT; not PASS_THROUGH, PAT_COUNT. */
const SECRET_LAST_WORDS: ReadonlySet<string> = new Set(['pass', 'pat', 'pw']);

/** Words are often written without a break: PGPASSWORD, APIKEY, SSHPASS, TOKENVALUE. */
const GLUED_START = /^(?:token|secret|password|passwd|apikey)/;
const GLUED_END = /(?:key|pass|password|passwd|secret|token|cookie)s?$/;
/** Words that only look like the ones above. */
const OTHER_WORDS =
  /^(?:tokeni[sz].*|secretar.*|cookiecutter|monkeys?|donkeys?|turkeys?|hotkeys?|(?:ask|by|com|encom|over|sur|tres|under)pass)$/;

/** A name that ends so says where something is: SSH_AUTH_SOCK, PASSWD_FILE, KEY_PATH. */
const PLACES: ReadonlySet<string> = new Set(['file', 'path', 'dir', 'directory', 'folder', 'sock', 'socket']);
/** A name with one of these measures secrets or limits them, if its value is a number: MAX_TOKENS, TOKEN_TTL, KEY_TIMEOUT. */
const MEASURES: ReadonlySet<string> = new Set([
  ...['budget', 'count', 'expiry', 'interval', 'length', 'lifetime', 'limit', 'max', 'maximum', 'min', 'minimum'],
  ...['num', 'number', 'per', 'size', 'timeout', 'total', 'ttl', 'usage', 'window'],
]);
/** A key with one of these is for everybody: SSH_PUBLIC_KEY, STRIPE_PUBLISHABLE_KEY. */
const PUBLIC_WORDS: ReadonlySet<string> = new Set(['public', 'publishable']);
const KEY_WORDS: ReadonlySet<string> = new Set(['key', 'keys', 'apikey']);

/** A switch or a short number: no secret, unless the name says that it is one and nothing else. */
const PLAIN_VALUE = /^(?:\d{1,9}(?:\.\d+)?[a-z%]{0,2}|true|false|yes|no|on|off|auto|none|never|always)$/i;

/**
 * Whether what has this name (of a variable, a header, a parameter, an option) is a secret, judged by the words in it:
 * `DB_PASS`, `x-api-key`, `authToken`, but not `KEYBOARD`, `MONKEY`, `TOKENIZERS_PARALLELISM`, `SSH_AUTH_SOCK`.
 */
export function isSecretName(name: string): boolean {
  const words = wordsOf(name);
  if (PLACES.has(words.at(-1) ?? '')) return false;
  const secret = words.filter((word, place) => isSecretWord(word, place, words.length));
  if (secret.every((word) => KEY_WORDS.has(word)) && words.some((word) => PUBLIC_WORDS.has(word))) return false;
  return secret.length > 0;
}

/** The same, with a look at the value: `MAX_TOKENS=4096` and `AUTH_ENABLED=true` are none, `DB_PASS=1234` is one. */
export function isSecretlyNamed(name: string, value: string): boolean {
  if (!isSecretName(name)) return false;
  if (!PLAIN_VALUE.test(value)) return true;
  const words = wordsOf(name);
  return !words.some((word) => MEASURES.has(word)) && isSecretWord(words.at(-1) ?? '', words.length - 1, words.length);
}

function isSecretWord(word: string, place: number, count: number): boolean {
  if (OTHER_WORDS.test(word)) return false;
  if (SECRET_WORDS.has(word) || GLUED_START.test(word)) return true;
  const isLast = place === count - 1;
  if (SECRET_LAST_WORDS.has(word)) return isLast;
  // MYSQL_PWD is a password, PWD itself the working directory.
  return word === 'pwd' ? isLast && count > 1 : GLUED_END.test(word);
}

/** Parted at case, punctuation and the digits at a word's end, in lower case. */
function wordsOf(name: string): string[] {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .map((word) => word.replace(/\d+$/, ''))
    .filter((word) => word !== '');
}
