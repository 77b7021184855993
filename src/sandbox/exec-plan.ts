import type { SpawnSpec } from '../process/index.ts';

/** What holds a command in. Further backends (bwrap, landlock, seatbelt) join this list. */
export type SandboxBackend = 'none';

/** How far a run may reach: held to the policy, or with the user's own rights, which the user has to have granted. */
export type Scope = 'sandboxed' | 'unsandboxed';

/** A command as a tool wants it run, before anything is decided about its sandbox. Paths are absolute. */
export interface CommandSpec {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** What a plan really holds a command to. */
export interface Enforced {
  readonly fileWrites: boolean;
  readonly fileReads: boolean;
  readonly network: boolean;
  readonly processes: boolean;
}

/** Ready to spawn: nobody further down knows about policies. */
export interface ExecPlan {
  readonly backend: SandboxBackend;
  readonly spawn: SpawnSpec;
  readonly enforced: Enforced;
}
