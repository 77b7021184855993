/** Runs a command of `keel-fleet`. @returns the exit code */
export async function runCli(args: readonly string[]): Promise<number> {
  process.stderr.write(`keel-fleet: there is no command "${args[0] ?? ''}"\n`);
  return 2;
}
