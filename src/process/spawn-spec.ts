/** A program to start, exactly as given: nothing is added, looked up or expanded. */
export interface SpawnSpec {
  /** Program, then arguments. Never empty. */
  readonly argv: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  /** The whole environment; the parent's is not inherited. */
  readonly env: Readonly<Record<string, string>>;
}
