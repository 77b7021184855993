/** Settings of a program, as variables. */
export type Env = Readonly<Record<string, string | undefined>>;

/** A setting can't be used; the message names it. */
export class SettingError extends Error {}

/** @throws SettingError for what is no whole number from 0 on */
export function numberIn(env: Env, name: string, otherwise: number): number {
  const text = env[name];
  if (text === undefined || text === '') return otherwise;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new SettingError(`${name}: a whole number is expected, not "${text}"`);
}

/** The words of a variable, separated by commas or white space. */
export function wordsIn(text: string | undefined): readonly string[] {
  return (text ?? '').split(/[\s,]+/).filter((word) => word !== '');
}
