import type { CommandSpec } from './command-spec.ts';

/** A wrong command line: printed with a hint at the help, exit code 2. */
export class UsageError extends Error {}

/** The user asked for help, which goes to stdout; exit code 0. */
export class HelpRequested extends Error {
  readonly spec: CommandSpec;

  constructor(spec: CommandSpec) {
    super('help requested');
    this.spec = spec;
  }
}
