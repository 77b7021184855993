import { isSecretlyNamed, isSecretName } from './secret-names.ts';
import { withoutShapes } from './secret-values.ts';

export const MASK = '***';
/** Shorter values are no secrets, and masking them would garble the text. */
const MIN_SECRET_CHARS = 4;
/** Parameters that carry a signature or a key under a name that is none elsewhere. */
const SECRET_PARAMETERS: ReadonlySet<string> = new Set(['sig', 'signature', 'code', 'x-amz-signature']);

/**
 * A text for people, a log or a record: without the secrets that are known, in whatever spelling they come back (as JSON, in an
 * address), and without what has the form of one.
 */
export function maskSecrets(text: string, known: readonly string[]): string {
  const spellings = known.filter(({ length }) => length >= MIN_SECRET_CHARS).flatMap(spellingsOf);
  const longestFirst = [...new Set(spellings)].sort((a, b) => b.length - a.length);
  return withoutShapes(
    longestFirst.reduce((clean, secret) => clean.replaceAll(secret, MASK), text),
    MASK,
  );
}

function spellingsOf(secret: string): string[] {
  return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret.toWellFormed())];
}

/** Whether a parameter of an address is a secret by its name. */
export function isSecretParameter(name: string): boolean {
  return isSecretName(name) || SECRET_PARAMETERS.has(name.toLowerCase());
}

/** An address for people: some gateways take their key as a parameter, some in front of the host. */
export function maskedUrl(address: string): string {
  const url = URL.parse(address);
  if (url === null) return maskSecrets(address, []);
  if (url.username !== '' || url.password !== '') {
    url.username = MASK;
    url.password = '';
  }
  for (const name of [...url.searchParams.keys()]) {
    if (isSecretParameter(name)) url.searchParams.set(name, MASK);
  }
  return maskSecrets(url.href, []);
}

const ADDRESS = /^[a-z][a-z0-9+.-]{0,20}:\/\//i;
const OPTION_WITH_VALUE = /^(-{0,2}[A-Za-z][\w.-]*)=(.+)$/s;
const HEADER = /^([A-Za-z][\w-]*):\s*(.+)$/s;

/** The arguments of a program for people: `--token X`, `--api-key=X`, `PASSWORD=X`, `-H "X-Api-Key: X"`, addresses with a key. */
export function maskedArguments(args: readonly string[]): string[] {
  return args.map((arg, place) => {
    const before = args[place - 1] ?? '';
    const isValue = before.startsWith('-') && !before.includes('=') && !arg.startsWith('-');
    if (isValue && isSecretlyNamed(before, arg)) return MASK;
    return maskedText(arg);
  });
}

/** One word or line that may be an address, or name what it gives: `NAME=value`, `Header: value`. */
export function maskedText(text: string): string {
  if (ADDRESS.test(text)) {
    const masked = maskedUrl(text);
    return masked === URL.parse(text)?.href ? text : masked;
  }
  const [, name = '', value = ''] = OPTION_WITH_VALUE.exec(text) ?? HEADER.exec(text) ?? [];
  if (value === '') return maskSecrets(text, []);
  const head = text.slice(0, text.length - value.length);
  return isSecretlyNamed(name, value) ? `${head}${MASK}` : `${head}${maskedText(value)}`;
}
