export { MAX_KEPT_BYTES } from './bounded-output.ts';
export { commandEnvironment } from './environment.ts';
export { ExecSession, type SessionNews } from './exec-session.ts';
export { ExecSessions, type RunningSession, WARN_SESSIONS } from './exec-sessions.ts';
export { Processes } from './processes.ts';
export { type CommandEnd, type CommandOutcome, runCommand } from './run-command.ts';
export type { SpawnSpec } from './spawn-spec.ts';
export type { SpillOptions } from './spill-file.ts';
export { type UserShell, userShell } from './user-shell.ts';
