/**
 * The engine, for a program that runs threads itself: one level below `Keel`, with every op and every event.
 *
 * @example
 * ```ts
 * import { loadConfig, openSession, version } from 'keel/session';
 *
 * const config = await loadConfig({ env: process.env, cwd: process.cwd(), overrides: [], flags: {} });
 * const session = await openSession({
 *   config, version, origin: { type: 'new' }, source: 'sdk', originator: 'my_program',
 *   ephemeral: false, canAsk: true, unfinishedTurn: 'continue',
 * });
 * session.submit({ type: 'userInput', items: [{ type: 'text', text: 'Why does the build fail?' }] });
 * for await (const event of session.events()) if (event.type === 'turn.completed') break;
 * await session.close();
 * ```
 */
export {
  type ApprovalDecision,
  type ApprovalRequest,
  type ErrorInfo,
  type ErrorKind,
  KeelError,
  type Op,
  type SessionEvent,
  type SessionEventOf,
  type SessionSource,
  type SettingsUpdate,
  type ThreadItem,
  type Turn,
  type UserInput,
} from '../../foundation/protocol/index.ts';
export { Patience, version } from '../../foundation/util/index.ts';
export { type Config, type ConfigFlags, type LoadOptions, loadConfig } from '../../storage/config/index.ts';
export {
  ownerAddress,
  type RecordedSubmissions,
  recordedSubmissions,
  ThreadOwnedError,
} from '../../storage/rollout/index.ts';
export { findRollout } from '../../storage/threads/index.ts';
export {
  type OpenSessionOptions,
  openSession,
  type RecordedThread,
  recordedThread,
  recordedTurns,
  type Session,
  type SessionReport,
  submitIfOpen,
  type ThreadLabel,
  type ThreadOrigin,
} from '../session/index.ts';
export {
  followTurn,
  RecordedThreads,
  type ThreadPage,
  type ThreadQuery,
  type ThreadSummary,
} from '../threads/index.ts';
