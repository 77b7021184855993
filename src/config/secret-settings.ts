/** What the name of a secret has in it. */
export const SECRET_NAME = /auth|key|token|secret|cookie|password/i;
/** Their values are secrets, whatever they are called. */
const SECRET_KEYS: ReadonlySet<string> = new Set(['http_headers', 'experimental_bearer_token', 'bearer_token', 'env']);
/** Of these tables the values are secrets that have the name of one. */
const NAMED_BY_USER: ReadonlySet<string> = new Set(['query_params', 'set']);
const MASK = '***';

/** Whether what stands at a key is nobody's business; `path` may lead to a table or into it. */
export function isSecretSetting(path: readonly string[]): boolean {
  if (path.some((key) => SECRET_KEYS.has(key))) return true;
  const table = path.findIndex((key) => NAMED_BY_USER.has(key));
  return table > 0 && (table === path.length - 1 || SECRET_NAME.test(path.at(-1) ?? ''));
}

/** Lines of a file of settings, for people: without what is set to a key that is called like a secret. */
export function maskedLines(text: string): string {
  const masked = (line: string) => (SECRET_NAME.test(line) ? line.replace(/=.*/s, `= ${MASK}`) : line);
  return text.split('\n').map(masked).join('\n');
}
