/**
 * Settings of a client as `key=value`, one for each value that isn't a table. A name of the outermost level may be dotted.
 * JSON's texts, numbers, booleans and lists are TOML's too; null says nothing.
 */
export function overridesOf(settings: Readonly<Record<string, unknown>>, prefix = ''): string[] {
  return Object.entries(settings).flatMap(([name, value]) => {
    const isPlain = prefix === '' ? /^[\w-]+(?:\.[\w-]+)*$/ : /^[\w-]+$/;
    const key = `${prefix}${isPlain.test(name) ? name : JSON.stringify(name)}`;
    if (value === null || value === undefined) return [];
    if (typeof value === 'object' && !Array.isArray(value)) return overridesOf({ ...value }, `${key}.`);
    return `${key}=${JSON.stringify(value)}`;
  });
}
