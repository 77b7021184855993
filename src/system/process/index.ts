export { assemble, type BpfLine, type BpfTest } from './confined/bpf.ts';
export type { Confinement, WritablePath } from './confined/confinement.ts';
export { landlockVersion } from './confined/kernel.ts';
export { LoginEnvironment } from './login/login-environment.ts';
export { type UserShell, userShell } from './login/user-shell.ts';
export { type BrowserPlace, canOpenAddresses, openAddress } from './open-address.ts';
export { listProcesses, type ProcessEntry, processEntry } from './process-tree/process-table.ts';
export { sendSignal } from './process-tree/process-tree.ts';
export { type OrphanCare, Processes } from './processes.ts';
export { ExecSession, type SessionNews, type SessionStart } from './run/exec-session.ts';
export {
  type EndedSession,
  ExecSessions,
  type KeptSession,
  type RunningSession,
  WARN_SESSIONS,
} from './run/exec-sessions.ts';
export { PipedChild } from './run/piped-child.ts';
export { type CommandEnd, type CommandOutcome, runCommand } from './run/run-command.ts';
export { identityOf, openHandle, type PathHandle, type ProgramInput } from './start/program-input.ts';
export { describeSpawnFailure } from './start/spawn-failure.ts';
export type { SpawnSpec } from './start/spawn-spec.ts';
export { type StartFault, startFault } from './start/start-fault.ts';
export { startInherited } from './start/start-inherited.ts';
export { programOutput, startOutliving, startProgram } from './start/start-program.ts';
export { type ServedChild, startServed } from './start/start-served.ts';
export type { ExitStatus } from './start/started-child.ts';
export type { Terminal } from './terminal/linux-terminal.ts';
export { openTerminal } from './terminal/terminal.ts';
