import { rmSync } from 'node:fs';
import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import { isContextMessage } from '../../context/index.ts';
import {
  type ResponseItem,
  type RolloutItem,
  type SessionSource,
  toKeelError,
} from '../../foundation/protocol/index.ts';
import { uuidV7 } from '../../foundation/util/index.ts';
import { loadWire, type Transport } from '../../models/client/index.ts';
import type { Config } from '../../storage/config/index.ts';
import {
  acquireLease,
  FileRecorder,
  forkLines,
  isCopied,
  type Lease,
  lastRequestItems,
  NullRecorder,
  type RolloutRecorder,
  readRollout,
  rolloutPath,
  survivingLines,
  type ThreadLog,
  threadLog,
} from '../../storage/rollout/index.ts';
import { findRollout } from '../../storage/threads/index.ts';
import type { Resolver } from '../../system/network/index.ts';
import type { OrphanCare } from '../../system/process/index.ts';
import { EventHub } from './event-hub.ts';
import { openServices, type Persona, recordedCalls, type SessionServices } from './services.ts';
import { Session } from './session.ts';
import { initialConfiguration, type SessionConfiguration } from './settings.ts';
import { SessionState } from './state.ts';
import { runSubmissionLoop } from './submission-loop.ts';
import { SubmissionQueue } from './submission-queue.ts';
import { rebuildHistory, threadFacts, toldContext } from './thread/rebuild-history.ts';
import { toldTurns } from './thread/shown-turns.ts';
import { ThreadRecord } from './thread/thread-record.ts';
import { TurnLifecycle } from './turn/turn-lifecycle.ts';
import { Turns } from './turn/turns.ts';

/** Lines of another thread that a fork writes down in one go. */
const COPIED_AT_ONCE = 1_000;

/** Which thread a session is about. */
export type ThreadOrigin =
  | { readonly type: 'new' }
  /** By its id, the path of its rollout, or its name. */
  | { readonly type: 'resume'; readonly id: string }
  /** A new thread that begins as another did: with its first user messages and what came of them; null takes all. */
  | { readonly type: 'fork'; readonly id: string; readonly userMessages: number | null }
  /** The newest one of the configured provider, begun in the working directory or anywhere. */
  | { readonly type: 'resumeLast'; readonly anyDirectory: boolean }
  | { readonly type: 'forkLast'; readonly anyDirectory: boolean; readonly userMessages: number | null };

export interface OpenSessionOptions {
  readonly config: Config;
  readonly origin: ThreadOrigin;
  readonly source: SessionSource;
  readonly originator: string;
  readonly version: string;
  /** Keep no record of the thread. */
  readonly ephemeral: boolean;
  /** Whether somebody answers approval requests. If not, the effective policy is `never`. */
  readonly canAsk: boolean;
  /** The final message of a turn with an output schema is held against it, and asked for once more where it doesn't fit. */
  readonly checksOutput?: boolean;
  /** What becomes of a turn that a crash cut off: it goes on at the very step, or ends as interrupted. */
  readonly unfinishedTurn: 'continue' | 'interrupt';
  /**
   * `end` where this process runs keel and nothing else, and this thread alone: processes that commands leave without a parent
   * end with the session. `leave` by default: keel inside another program touches none of that program's processes.
   */
  readonly orphans?: OrphanCare;
  readonly now?: () => number;
  /** How names of hosts are looked up for commands; absent: as the system does. */
  readonly resolve?: Resolver;
  /** Opens what carries requests to the model, for this session and each of its children; HTTP by default. */
  readonly openTransport?: () => Transport;
  /** For a child of another session. */
  readonly persona?: Persona;
  /** The thread that begins this one for itself. */
  readonly parentThreadId?: string;
}

/**
 * Opens a thread. Its first event is `thread.started`; a turn that goes on after a crash follows by itself.
 * @throws KeelError `threadNotFound`, `threadBusy`, `rolloutCorrupt`, `storageFailed`, `invalidInput`; nothing is left open
 */
export async function openSession(options: OpenSessionOptions): Promise<Session> {
  const now = options.now ?? Date.now;
  const configuration = initialConfiguration(options.config);
  const wire = await loadWire(options.config.provider.wireApi);
  const thread = openThread(options, now);
  let services: SessionServices | null = null;
  try {
    services = openServices({
      ...options,
      wire,
      threadId: thread.id,
      recorder: thread.recorder,
      lease: thread.lease,
      lastRequest: thread.lastRequest,
      now,
      openChild: (config, start) =>
        openSession({
          ...options,
          checksOutput: false,
          // They may be the parent's: its session ends them.
          ...(options.orphans === 'end' ? { orphans: 'collect' as const } : {}),
          ...start,
          config,
          origin: { type: 'new' },
          parentThreadId: thread.id,
        }),
    });
    return await begin(thread, services, configuration, options);
  } catch (error) {
    // What was wrong is told; that the rest can't be closed either says nothing more.
    await (services ?? thread.recorder).close().catch(() => undefined);
    thread.lease?.release();
    throw error;
  }
}

async function begin(
  thread: OpenThread,
  services: SessionServices,
  configuration: SessionConfiguration,
  { config, unfinishedTurn }: OpenSessionOptions,
): Promise<Session> {
  const { log } = thread;
  const hub = new EventHub();
  const emit = (event: Parameters<EventHub['emit']>[0]) => {
    if (event.type === 'rawItem.recorded') services.tree?.note(thread.id, event.item);
    hub.emit(event);
  };
  // A turn that a fork found under way goes on in its own thread, if at all: its calls are not to run twice.
  const continues = log?.openTurn != null && unfinishedTurn === 'continue' && thread.forkedFrom === null;
  const entries = (continues ? log?.history : log?.wholeHistory) ?? [];
  const history = rebuildHistory(entries, (what) => services.log.error(what));
  const facts = threadFacts(entries);
  const state = new SessionState(configuration, history, facts, log ? toldContext(log) : null, log?.rateLimits ?? null);
  const told = log ? toldTurns(log, { openTurnEnded: !continues }) : [];
  // The open turn shows its items again, under the ids that they had.
  const earlierTurns = told.filter(({ status }) => status !== 'inProgress');
  const record = new ThreadRecord(thread.recorder, state, emit);
  const scope = new TurnLifecycle({ state, services, record, emit, recordedAgents: log?.agents ?? [], earlierTurns });
  const turns = new Turns(scope);
  const queue = new SubmissionQueue(log ? firstFreeId(log) : 0);
  if (log?.openTurn && !continues) {
    const { forkedFrom } = thread;
    const calls = forkedFrom === null ? services.toolHost : recordedCalls(config.home, forkedFrom);
    await scope.endCutOffTurn(log.openTurn, calls);
  }
  emit({
    type: 'thread.started',
    threadId: thread.id,
    model: configuration.model,
    effort: configuration.effort,
    cwd: configuration.cwd,
    rolloutPath: thread.recorder.path,
    turns: told,
  });
  const openTurn = continues ? (log?.openTurn ?? null) : null;
  const run = async () => {
    try {
      services.mcp?.start((message) => emit({ type: 'warning', turnId: null, message }));
      // What there is to tell at once waits until whoever opens the session has had the time to follow it.
      if (openTurn !== null || thread.warnings.length > 0) await eventLoopTurn();
      for (const message of thread.warnings) emit({ type: 'warning', turnId: null, message });
      if (openTurn !== null) turns.resume(openTurn.turnId, openTurn.lines);
      await runSubmissionLoop(queue, turns, scope);
    } finally {
      await scope.close().finally(() => services.close());
    }
  };
  const closed = run()
    .catch((error: unknown) => {
      const known = toKeelError(error);
      if (known.kind === 'internal') services.log.crash(error);
      emit({ type: 'error', turnId: null, error: known.toInfo(), willRetry: false });
      throw error;
    })
    // Whoever follows the events is let go, however the session came to its end.
    .finally(() => {
      emit({ type: 'thread.closed', threadId: thread.id });
      hub.close();
    });
  // Told by an event; who waits for the end gets it too, and nobody has to.
  closed.catch(() => undefined);
  return new Session({
    threadId: thread.id,
    rolloutPath: thread.recorder.path,
    queue,
    hub,
    closed,
    killProcesses: () => services.killProcesses(),
  });
}

interface OpenThread {
  readonly id: string;
  readonly recorder: RolloutRecorder;
  readonly lease: Lease | null;
  /** Null for a new thread. */
  readonly log: ThreadLog | null;
  readonly lastRequest: readonly string[];
  /** The thread that this one begins as a copy of. */
  readonly forkedFrom: string | null;
  readonly warnings: readonly string[];
}

function openThread(options: OpenSessionOptions, now: () => number): OpenThread {
  const { config, origin } = options;
  if (origin.type === 'new') return newThread(options, now);
  const path = pathOf(origin, config);
  if (origin.type === 'fork' || origin.type === 'forkLast') return forkedThread(options, path, origin, now);
  const lease = acquireLease(path);
  let recorder: RolloutRecorder | null = null;
  try {
    const rollout = readRollout(path);
    const { meta, warnings } = rollout;
    recorder = FileRecorder.open(path, now, rollout.nextOrdinal);
    recorder.append({ type: 'lease', payload: { owner: options.originator, pid: process.pid } });
    const lastRequest = lastRequestItems(rollout.lines);
    return { id: meta.id, recorder, lease, log: threadLog(rollout), lastRequest, forkedFrom: null, warnings };
  } catch (error) {
    giveUp(recorder);
    lease.release();
    throw error;
  }
}

function newThread(
  { config, ephemeral, originator, version, source, parentThreadId }: OpenSessionOptions,
  now: () => number,
  forkedFrom: string | null = null,
): OpenThread {
  const id = uuidV7(now());
  const none = { id, log: null, lastRequest: [], forkedFrom, warnings: [] };
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
        ...(forkedFrom === null ? {} : { forked_from_id: forkedFrom }),
      },
    });
    return { ...none, recorder, lease: acquireLease(path) };
  } catch (error) {
    discard(recorder);
    throw error;
  }
}

/** Closes a record that nobody is going to write; that it can't be flushed is no news then. */
function giveUp(recorder: RolloutRecorder | null): void {
  recorder?.close().catch(() => undefined);
}

/** A thread that could not be begun whole is nobody's. */
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
  options: OpenSessionOptions,
  path: string,
  { userMessages }: { readonly userMessages: number | null },
  now: () => number,
): OpenThread {
  const source = readRollout(path);
  const isSaid = (item: ResponseItem) => item.type === 'message' && item.role === 'user' && !isContextMessage(item);
  const held = survivingLines(source.lines);
  const lines = userMessages === null ? held.filter(isCopied) : forkLines(held, userMessages, isSaid);
  const thread = newThread(options, now, source.meta.id);
  if (lines === null || userMessages === 0) return thread;
  copyLines(lines, thread);
  const log = threadLog({ ...source, lines });
  return { ...thread, log, lastRequest: lastRequestItems(lines), warnings: source.warnings };
}

/** In pieces: a long thread has more lines than a call may have arguments. */
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

/** Beyond the ids of all turns so far, of which only those that keel chose are numbers. */
function firstFreeId({ turns }: ThreadLog): number {
  return turns.reduce((free, { id }) => (/^\d{1,15}$/.test(id) ? Math.max(free, Number(id) + 1) : free), 0);
}
