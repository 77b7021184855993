import { isSecretlyNamed } from './secret-names.ts';
import { isSecretValue } from './secret-values.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Shorter values are too common to be looked for in other places. */
const MIN_SOUGHT_CHARS = 8;

/** Whether a variable is a secret, by its name or by the form of its value. */
export function isSecretVariable(name: string, value: string): boolean {
  return isSecretlyNamed(name, value) || isSecretValue(value);
}

/** Whether a value is one of these secrets, or has one in it. */
export function holdsSecret(value: string, secrets: readonly string[]): boolean {
  return secrets.some((secret) => secret.length >= MIN_SOUGHT_CHARS && value.includes(secret));
}

/** The values of an environment that are secrets, where they are long enough not to be taken for other words. */
export function secretsOf(env: Environment): string[] {
  return Object.entries(env).flatMap(([name, value = '']) =>
    value.length >= MIN_SOUGHT_CHARS && isSecretVariable(name, value) ? [value.trim()] : [],
  );
}
