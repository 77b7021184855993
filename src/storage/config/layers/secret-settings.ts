import { isSecretName, MASK, maskedArguments, maskedText, maskSecrets } from '../../../foundation/secrets/index.ts';

/** Their values are secrets, whatever they are called. */
const SECRET_KEYS: ReadonlySet<string> = new Set([
  'http_headers',
  'headers',
  'experimental_bearer_token',
  'bearer_token',
  'env',
]);
/** Tables in which a value is a secret if its name is that of one. */
const NAMED_BY_USER: ReadonlySet<string> = new Set(['query_params', 'shell_environment_policy.set']);

/** A setting for people: without what is secret in it by its place, its name or its form. */
export function shownSetting(path: readonly string[], value: unknown): unknown {
  if (isSecretSetting(path)) return MASK;
  if (typeof value === 'string') return maskedText(value);
  if (Array.isArray(value)) {
    const words = value.filter((entry) => typeof entry === 'string');
    if (words.length === value.length) return maskedArguments(words);
    return value.map((entry: unknown) => shownSetting(path, entry));
  }
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, shownSetting([...path, key], entry)]));
}

function isSecretSetting(path: readonly string[]): boolean {
  if (path.some((key) => SECRET_KEYS.has(key))) return true;
  const table = path.findIndex((key, at) => NAMED_BY_USER.has(key) || NAMED_BY_USER.has(`${path[at - 1]}.${key}`));
  return table > 0 && (table === path.length - 1 || isSecretName(path.at(-1) ?? ''));
}

/** Lines of a file of settings, for people: without what is set to a key that is called like a secret. */
export function maskedLines(text: string): string {
  const masked = (line: string) =>
    isSecretName(line.replace(/=.*/s, '')) || isSecretName(line) ? line.replace(/=.*/s, `= ${MASK}`) : line;
  return maskSecrets(text.split('\n').map(masked).join('\n'), []);
}
