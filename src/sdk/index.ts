/**
 * keel inside your own program.
 *
 * @example
 * ```ts
 * import { Keel } from 'keel';
 *
 * const keel = new Keel({ cwd: '/path/to/repository' });
 * await using thread = await keel.startThread();
 * const { finalResponse } = await thread.run('Why does the build fail?');
 * ```
 */

export {
  type ApprovalDecision,
  type ApprovalRequest,
  type ErrorKind,
  KeelError,
  type SessionEvent,
  type ThreadItem,
  type TokenUsage,
  type UserInput,
} from '../protocol/index.ts';
export { Keel, type KeelOptions } from './keel.ts';
export { type RunOptions, Thread, type TurnResult } from './thread.ts';
