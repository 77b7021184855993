import { rmSync } from 'node:fs';
import { isContextMessage } from '../../../context/index.ts';
import {
  KeelError,
  type ResponseItem,
  type RolloutItem,
  type SessionMeta,
  type SessionSource,
} from '../../../foundation/protocol/index.ts';
import { type DigestKind, uuidV7 } from '../../../foundation/util/index.ts';
import type { Config } from '../../../storage/config/index.ts';
import {
  acquireLease,
  FencedRecorder,
  FileRecorder,
  forkLines,
  isCopied,
  type LastRequest,
  type Lease,
  lastRequest,
  NO_REQUEST,
  NullRecorder,
  type RolloutRecorder,
  readRollout,
  replaceByCopy,
  rolloutPath,
  survivingLines,
  type ThreadLog,
  threadLog,
} from '../../../storage/rollout/index.ts';
import { findRollout, hasThread, nameThread } from '../../../storage/threads/index.ts';
import { groupsPath, ledgerPath, threadFolder } from './thread-files.ts';

/** Lines that a fork copies in one go. */
const COPIED_AT_ONCE = 1_000;

/** The thread that a session opens. */
export type ThreadOrigin =
  | { readonly type: 'new'; readonly label?: ThreadLabel }
  /**
   * `id`: its id, the path of its rollout, or its name. `takeOver`: also from a process that has it open, which records and does
   * nothing more from then on; commands that it has started are left alone.
   */
  | { readonly type: 'resume'; readonly id: string; readonly takeOver?: boolean }
  /** A new thread that starts as a copy of another: of its first user messages and what followed them; null copies all. */
  | {
      readonly type: 'fork';
      readonly id: string;
      readonly userMessages: number | null;
      readonly label?: ThreadLabel;
    }
  /** The newest one of the configured provider, started in the working directory or anywhere. */
  | { readonly type: 'resumeLast'; readonly anyDirectory: boolean }
  | {
      readonly type: 'forkLast';
      readonly anyDirectory: boolean;
      readonly userMessages: number | null;
      readonly label?: ThreadLabel;
    };

/** What a new thread is called by. */
export interface ThreadLabel {
  /** Absent: one is made. */
  readonly threadId?: string;
  readonly name?: string;
}

export interface OpenThreadOptions {
  readonly config: Config;
  readonly origin: ThreadOrigin;
  readonly source: SessionSource;
  readonly originator: string;
  readonly version: string;
  /** Keep no record of the thread. */
  readonly ephemeral: boolean;
  /** The thread that starts this one for itself. */
  readonly parentThreadId?: string | undefined;
  /**
   * Where this process can be reached while it has the thread, for a process that finds it busy: `ThreadOwnedError` has it. At
   * most 256 printable ASCII characters; others that can read the home can read it.
   */
  readonly address?: string | undefined;
  readonly now: () => number;
}

export interface OpenThread {
  readonly id: string;
  readonly recorder: RolloutRecorder;
  readonly lease: Lease | null;
  /** Null for a new thread. */
  readonly log: ThreadLog | null;
  readonly lastRequest: LastRequest;
  /** The hash of the digests in its record. */
  readonly digests: DigestKind;
  /** The thread that this one is a copy of. */
  readonly forkedFrom: string | null;
  readonly warnings: readonly string[];
}

/** @throws KeelError `threadNotFound`, `threadBusy`, `rolloutCorrupt`, `storageFailed`; nothing is left open */
export function openThread(options: OpenThreadOptions): OpenThread {
  const thread = openUnnamed(options);
  const { origin, config, now } = options;
  const name = 'label' in origin ? origin.label?.name : undefined;
  if (name === undefined || thread.recorder.path === null) return thread;
  try {
    nameThread(config.home, { id: thread.id, name, nowMs: now() });
    return thread;
  } catch (error) {
    giveUp(thread.recorder);
    thread.lease?.release();
    throw error;
  }
}

function openUnnamed(options: OpenThreadOptions): OpenThread {
  const { config, origin, now, address } = options;
  if (origin.type === 'new') return newThread(options);
  const path = pathOf(origin, config);
  if (origin.type === 'fork' || origin.type === 'forkLast') return forkedThread(options, path, origin);
  const lease = acquireLease(path, { takeOver: origin.type === 'resume' && origin.takeOver === true, address });
  let recorder: RolloutRecorder | null = null;
  try {
    if (lease.isTakenOver) replaceByCopy(path);
    const rollout = readRollout(path);
    const { meta, warnings } = rollout;
    if (lease.isTakenOver) takeFilesOver(threadFolder(config.home, meta.id));
    recorder = new FencedRecorder(FileRecorder.open(path, now, rollout.nextOrdinal), lease);
    recorder.append({ type: 'lease', payload: { owner: options.originator, pid: process.pid } });
    return {
      ...{ id: meta.id, recorder, lease, log: threadLog(rollout), lastRequest: lastRequest(rollout.lines) },
      ...{ digests: meta.digests ?? 'sha256', forkedFrom: null, warnings },
    };
  } catch (error) {
    giveUp(recorder);
    lease.release();
    throw error;
  }
}

function newThread(
  { config, ephemeral, originator, version, source, parentThreadId, origin, now, address }: OpenThreadOptions,
  forked: SessionMeta | null = null,
): OpenThread {
  const { threadId } = ('label' in origin ? origin.label : undefined) ?? {};
  if (threadId !== undefined) refuseKnownId(config.home, threadId);
  const id = threadId ?? uuidV7(now());
  // The record of a fork has the digests of the thread that it was copied from.
  const digests: DigestKind = forked === null ? 'cyrb53' : (forked.digests ?? 'sha256');
  const none = { id, log: null, lastRequest: NO_REQUEST, digests, forkedFrom: forked?.id ?? null, warnings: [] };
  if (ephemeral) return { ...none, recorder: new NullRecorder(), lease: null };
  const path = rolloutPath(config.home, id, now());
  const recorder = FileRecorder.create(path, now);
  try {
    recorder.append({
      type: 'session_meta',
      payload: {
        id,
        timestamp: new Date(now()).toISOString(),
        cwd: config.cwd,
        originator,
        cli_version: version,
        source,
        model_provider: config.provider.id,
        ...(parentThreadId === undefined ? {} : { parent_thread_id: parentThreadId }),
        ...(forked === null ? {} : { forked_from_id: forked.id }),
        ...(digests === 'sha256' ? {} : { digests }),
      },
    });
    const lease = acquireLease(path, { address });
    return { ...none, recorder: new FencedRecorder(recorder, lease), lease };
  } catch (error) {
    discard(recorder);
    throw error;
  }
}

/** What the owner before still writes does not reach this process, and its commands are not those of one that is gone. */
function takeFilesOver(threadDir: string): void {
  replaceByCopy(ledgerPath(threadDir));
  rmSync(groupsPath(threadDir), { force: true });
}

/** @throws KeelError `invalidInput` */
function refuseKnownId(home: string, id: string): void {
  if (!hasThread(home, id)) return;
  throw new KeelError('invalidInput', `there is a thread ${id} already: resume it, or choose another id`);
}

/** Closes a rollout that nobody is going to write; that it can't be flushed does not matter then. */
function giveUp(recorder: RolloutRecorder | null): void {
  recorder?.close().catch(() => undefined);
}

/** A thread that could not be started whole leaves no file. */
function discard(recorder: RolloutRecorder): void {
  giveUp(recorder);
  if (recorder.path !== null) rmSync(recorder.path, { force: true });
}

function pathOf(origin: Exclude<ThreadOrigin, { type: 'new' }>, { home, provider, cwd }: Config): string {
  if ('id' in origin) return findRollout(home, { type: 'id', id: origin.id });
  return findRollout(home, { type: 'last', providerId: provider.id, ...(origin.anyDirectory ? {} : { cwd }) });
}

/** The other thread is only read. A cut beyond its end, or before its first message, gives a new thread. */
function forkedThread(
  options: OpenThreadOptions,
  path: string,
  { userMessages }: { readonly userMessages: number | null },
): OpenThread {
  const source = readRollout(path);
  const isOfUser = (item: ResponseItem) => item.type === 'message' && item.role === 'user' && !isContextMessage(item);
  const surviving = survivingLines(source.lines);
  const lines = userMessages === null ? surviving.filter(isCopied) : forkLines(surviving, userMessages, isOfUser);
  const thread = newThread(options, source.meta);
  if (lines === null || userMessages === 0) return thread;
  copyLines(lines, thread);
  const log = threadLog({ ...source, lines });
  return { ...thread, log, lastRequest: lastRequest(lines), warnings: source.warnings };
}

/** Copies in pieces: a long thread has more lines than a call can have arguments. */
function copyLines(lines: readonly RolloutItem[], { recorder, lease }: OpenThread): void {
  try {
    for (let at = 0; at < lines.length; at += COPIED_AT_ONCE) {
      recorder.append(...lines.slice(at, at + COPIED_AT_ONCE));
    }
  } catch (error) {
    lease?.release();
    discard(recorder);
    throw error;
  }
}
