/**
 * What an object has under a name that comes from elsewhere: a file, a model, a server. Each object also answers to names that nobody
 * gave it, such as `constructor` and `__proto__`; those are undefined here.
 */
export function ownValue<T>(object: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
