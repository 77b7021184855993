/** Ends a `switch` over a closed union: a new member becomes a compile error here, a foreign value a clear throw. */
export function assertNever(value: never, what: string): never {
  throw new Error(`unexpected ${what}: ${JSON.stringify(value)}`);
}
