import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import type { SessionEvent } from '../../foundation/protocol/index.ts';
import { KeelError, toKeelError } from '../../foundation/protocol/index.ts';
import { isInside, realPath } from '../../foundation/util/index.ts';
import { effortFault, knownPrices, modelInfo, priceOf, toolsFault } from '../../models/catalogue/index.ts';
import { loadWire, type Transport } from '../../models/client/index.ts';
import {
  type Config,
  hookFiles,
  type KeptSettings,
  programSearch,
  withThreadSettings,
} from '../../storage/config/index.ts';
import { type OpenTurn, sessionsDir, type ThreadLog } from '../../storage/rollout/index.ts';

import { gatherRepositoryFacts } from '../../system/git/index.ts';
import type { Resolver } from '../../system/network/index.ts';
import type { OrphanCare } from '../../system/process/index.ts';
import type { ClientDocuments, CustomTool } from '../../tools/index.ts';
import type { ChildOptions, ChildStart } from './agents/child-sessions.ts';
import { type EarlierAgents, Subagents } from './agents/subagents.ts';
import { EventHub } from './event-hub.ts';
import { notifyHooks } from './hooks/notify-hooks.ts';
import type { HookSource } from './hooks/session-hooks.ts';
import { sessionReport } from './reports/session-report.ts';
import { openServices, type SessionServices } from './services.ts';
import { Session } from './session.ts';
import type { SessionDeps } from './session-deps.ts';
import { initialConfiguration, requireAbsolute } from './settings.ts';
import { SessionState } from './state.ts';
import { runSubmissionLoop } from './submission-loop.ts';
import { SubmissionQueue } from './submission-queue.ts';
import { UndoSnapshots } from './tasks/undo-snapshots.ts';
import { endInterruptedTurn } from './thread/interrupted-turn.ts';
import { type OpenThread, type OpenThreadOptions, openThread, type ThreadOrigin } from './thread/open-thread.ts';
import { emptyConversation, rebuildConversation } from './thread/rebuild-conversation.ts';
import { shownTurns } from './thread/shown-turns.ts';
import { recordedCalls } from './thread/thread-files.ts';
import { ThreadRecord } from './thread/thread-record.ts';
import { ItemIds } from './turn/item-ids.ts';
import type { TurnDeps } from './turn/turn-deps.ts';
import { Turns } from './turn/turns.ts';

export interface OpenSessionOptions extends Omit<OpenThreadOptions, 'now'> {
  /** Whether somebody answers approval requests. If not, the effective policy is `never`. */
  readonly canAsk: boolean;
  /**
   * Whether somebody also answers what the model wants to know: requests of the type `questions`. Then it is offered the tool for
   * that. Default false; without `canAsk` nobody does.
   */
  readonly answersQuestions?: boolean;
  /** The final message of a turn with an output schema is checked against it, and asked for again if it doesn't fit. */
  readonly checksOutput?: boolean;
  /** A turn that a crash cut off continues at its very step, or ends as interrupted. */
  readonly unfinishedTurn: 'continue' | 'interrupt';
  /**
   * `thread`: a thread that is resumed or forked keeps its model, effort, sandbox and approval policy where the configuration says
   * that none was chosen for this run. Default `configured`: those of the configuration.
   */
  readonly settings?: 'configured' | 'thread';
  /**
   * `end` where this process runs keel and nothing else, and no other thread is open: processes that commands leave without a
   * parent end with the session. Default `leave`: keel inside another program touches none of that program's processes.
   */
  readonly orphans?: () => OrphanCare;
  readonly now?: () => number;
  /** Looks host names up for commands; absent: as the system does. */
  readonly resolve?: Resolver;
  /** Opens the transport of requests to the model, for this session and each of its children; HTTP by default. */
  readonly openTransport?: () => Transport;
  /** Functions of the program that keel runs in, as tools. They are not recorded: a thread that is resumed is given them again. */
  readonly customTools?: readonly CustomTool[];
  /** Reads and writes text files for this session's tools and those of its children; absent: they are on the disk. */
  readonly documents?: ClientDocuments;
  /** For a child of another session. */
  readonly child?: ChildOptions;
  /** For a child: the hooks of its parent. Absent: those that the files name. */
  readonly hooks?: HookSource | null;
  /** Called with each subagent that the session and its children open, before it does anything. */
  readonly onChild?: (child: Session) => void;
  /** Called with this session and each one below it, before it does anything; `parent`: the thread that it works for. */
  readonly onOpen?: (session: Session, parent: string | null) => void;
}

/**
 * Opens a thread. Its first event is `thread.started`; a turn that continues after a crash follows by itself.
 * @throws KeelError `threadNotFound`, `threadBusy`, `rolloutCorrupt`, `storageFailed`, `invalidInput`; nothing is left open
 */
export async function openSession(options: OpenSessionOptions): Promise<Session> {
  const now = options.now ?? Date.now;
  requireAbsolute(options.config.cwd);
  const wire = await loadWire(options.config.provider.wireApi);
  const thread = openThread({ ...options, now });
  // What outlives the opening names the thread by its id: `thread` has all that was recorded of it.
  const { id: threadId } = thread;
  let services: SessionServices | null = null;
  try {
    const { config, changes } = settingsOf(thread, options);
    checkTools(config);
    if (options.child === undefined) checkEffort(config);
    if (options.child === undefined || options.child.budget() !== null) checkPrice(config);
    const hooks = options.hooks === undefined ? await hookSource(config) : options.hooks;
    services = openServices({
      ...options,
      config,
      hooks,
      isResumed: thread.log !== null,
      wire,
      threadId,
      recorder: thread.recorder,
      lease: thread.lease,
      approved: approvedBefore(thread, options),
      lastRequest: thread.lastRequest,
      digests: thread.digests,
      now,
      openChild: async (childConfig, start) => {
        const child = await openSession({
          ...options,
          checksOutput: false,
          // Processes without a parent may be those of this session, which ends them.
          ...(options.orphans === undefined ? {} : { orphans: () => 'collect' as const }),
          ...start,
          hooks,
          config: childConfig,
          origin: originOfChild(start, options),
          // Its rights are those of the turn above, whatever it had.
          settings: 'configured',
          parentThreadId: threadId,
        });
        // A task of the session's own, such as a review, is shown as part of it.
        if (start.child.taskType === null) options.onChild?.(child);
        return child;
      },
    });
    // A child's parent has shown the notices.
    const notices = options.hooks === undefined ? (hooks?.notices ?? []) : [];
    const session = await start({ ...thread, warnings: [...thread.warnings, ...notices] }, services, changes, options);
    options.onOpen?.(session, options.parentThreadId ?? null);
    return session;
  } catch (error) {
    // The first error is the one that is reported; a failure to close the rest adds nothing.
    await (services ?? thread.recorder).close().catch(() => undefined);
    thread.lease?.release();
    throw error;
  }
}

/** Whoever takes a thread over takes the threads of its children over as well. */
function originOfChild({ continues, threadId }: ChildStart, { origin }: OpenSessionOptions): ThreadOrigin {
  if (continues === undefined) return { type: 'new', ...(threadId === undefined ? {} : { label: { threadId } }) };
  return { type: 'resume', id: continues, takeOver: origin.type === 'resume' && origin.takeOver === true };
}

/** @throws KeelError `invalidConfig` */
function checkPrice({ budget, model, modelPrices, provider }: Config): void {
  if (budget.cost === null || priceOf(model, knownPrices(provider, modelPrices)) !== null) return;
  throw new KeelError(
    'invalidConfig',
    `the price of ${model} at ${provider.name} is not known, so a budget of $${budget.cost} can't be kept: set model_prices."${model}" = { input = …, output = … } in config.toml, in US dollars for a million tokens, or limit tokens (--max-tokens)`,
  );
}

/** Reads the files of hooks that exist. Null: there are none, and nothing more was loaded. */
async function hookSource(config: Config): Promise<HookSource | null> {
  const files = hookFiles(config);
  if (files.length === 0) return null;
  const { readHookFiles } = await import('./hooks/session-hooks.ts');
  return readHookFiles(files, config);
}

/** @throws KeelError `invalidConfig` */
function checkTools(config: Config): void {
  for (const model of [config.model, config.fallbackModel]) {
    const fault = model === null ? null : toolsFault(modelInfo(model, config));
    if (fault !== null) throw new KeelError('invalidConfig', fault);
  }
}

/** A subagent's effort is the choice of a model or a role, and is sent as it is. @throws KeelError `invalidConfig` */
function checkEffort(config: Config): void {
  const fault = effortFault(modelInfo(config.model, config), config.effort);
  if (fault !== null) throw new KeelError('invalidConfig', fault);
}

/** The thread's own settings count, but not those of another turn for one that continues: it may have been given less. */
function settingsOf({ log, forkedFrom }: OpenThread, options: OpenSessionOptions): KeptSettings {
  const { config } = options;
  const context = log?.lastTurnContext ?? null;
  if (options.settings !== 'thread' || log === null || context === null) return { config, changes: [] };
  const continues = continuedTurn(log, forkedFrom, options);
  if (continues !== null && context.turn_id !== continues.turnId) return { config, changes: [] };
  return withThreadSettings(config, { context, provider: log.provider ?? config.provider.id });
}

/** A turn that a fork found running continues in its own thread, if at all: its calls must not run twice. */
function continuedTurn(
  log: ThreadLog | null,
  forkedFrom: string | null,
  { unfinishedTurn }: Pick<OpenSessionOptions, 'unfinishedTurn'>,
): OpenTurn | null {
  return unfinishedTurn === 'continue' && forkedFrom === null ? (log?.openTurn ?? null) : null;
}

/**
 * What the user approved for the session counts for whoever continues it, as a moved thread is. A person who opens a thread later
 * starts another session, and so does a fork. A record from elsewhere could name approvals that nobody gave.
 */
function approvedBefore({ log, forkedFrom, recorder }: OpenThread, options: OpenSessionOptions): readonly string[] {
  const { home } = options.config;
  const isOwn = recorder.path !== null && isInside(recorder.path, realPath(sessionsDir(home)));
  return options.unfinishedTurn === 'continue' && forkedFrom === null && isOwn ? (log?.approved ?? []) : [];
}

async function start(
  thread: OpenThread,
  services: SessionServices,
  changes: readonly string[],
  options: OpenSessionOptions,
): Promise<Session> {
  const { id: threadId, log, forkedFrom, warnings } = thread;
  const { tree, config } = services;
  const configuration = initialConfiguration(config);
  const hub = new EventHub();
  const emit = (event: SessionEvent) => {
    hub.emit(event);
    if (event.type === 'approval.requested') notifyHooks(services, event, emit);
  };
  const openTurn = continuedTurn(log, forkedFrom, options);
  const continues = openTurn !== null;
  const onRepair = (what: string) => services.log.error(what);
  const conversation = log
    ? rebuildConversation(log, continues ? log.history : log.wholeHistory, onRepair)
    : emptyConversation(onRepair);
  const state = new SessionState(configuration, conversation, {
    rateLimits: log?.rateLimits ?? null,
    managed: config.managed,
  });
  const record = new ThreadRecord({
    recorder: thread.recorder,
    state,
    emit,
    onItem: tree === null ? undefined : (item) => tree.note(threadId, item),
  });
  const turnsBefore = log ? shownTurns(log, { openTurnEnded: !continues }) : [];
  const continuesAgents = options.unfinishedTurn === 'continue' && forkedFrom === null;
  const earlier = { recorded: log?.agents ?? [], continues: continuesAgents };
  const deps = turnDeps({ services, state, record, emit }, earlier, new Map(log?.doneTasks));
  // The open turn shows its items again, under the ids that they had.
  deps.itemIds.taken(turnsBefore.filter(({ status }) => status !== 'inProgress'));
  const turns = new Turns(deps);
  const queue = new SubmissionQueue(log ? firstFreeId(log) : 0);
  if (log?.openTurn && !continues) {
    const calls = forkedFrom === null ? services.toolHost : recordedCalls(config.home, forkedFrom);
    await endInterruptedTurn(deps, log.openTurn, calls);
  }
  emit({
    type: 'thread.started',
    threadId,
    model: configuration.model,
    effort: configuration.effort,
    cwd: configuration.cwd,
    rolloutPath: thread.recorder.path,
    turns: turnsBefore,
  });
  let releaseGraceMs: number | null = null;
  const run = async () => {
    try {
      services.hooks?.showBy(
        (message) => emit({ type: 'warning', turnId: null, message }),
        (turnId, news) => emit({ ...news, turnId }),
      );
      services.mcp?.start((message) => emit({ type: 'warning', turnId: null, message }));
      // The first events wait until whoever opens the session has had the time to follow them.
      if (openTurn !== null || warnings.length > 0) await eventLoopTurn();
      for (const message of warnings) emit({ type: 'warning', turnId: null, message });
      if (openTurn !== null) turns.resume(openTurn);
      await runSubmissionLoop(queue, turns, deps, () => releaseGraceMs);
    } finally {
      try {
        deps.agents.shutDown();
        await deps.snapshots.close();
      } finally {
        await services.close();
      }
    }
  };
  const closed = run()
    .catch((error: unknown) => {
      const known = toKeelError(error);
      if (known.kind === 'internal') services.log.crash(error);
      emit({ type: 'error', turnId: null, error: known.toInfo(), willRetry: false });
      throw error;
    })
    // Readers of the events are released, however the session ended.
    .finally(() => {
      emit({ type: 'thread.closed', threadId });
      hub.close();
    });
  // An event has reported the failure; `close` throws it too, and nobody has to call that.
  closed.catch(() => undefined);
  return new Session({
    threadId,
    rolloutPath: thread.recorder.path,
    configuration,
    changes,
    queue,
    hub,
    closed,
    release: (graceMs) => {
      const isFirst = releaseGraceMs === null;
      releaseGraceMs = Math.min(graceMs, releaseGraceMs ?? graceMs);
      queue.close();
      // The loop may wait for the first one by now, which this one shortens. Its failure is the loop's as well.
      if (!isFirst) turns.release(graceMs).catch(() => undefined);
    },
    isOnlyWaiting: () => turns.isOnlyWaiting,
    killProcesses: () => services.killProcesses(),
    report: (what) => sessionReport(what, state, services),
    mcp: services.mcp,
    endCommands: (id) => services.execSessions.end(id),
  });
}

function turnDeps(deps: SessionDeps, earlier: EarlierAgents, doneTasks: TurnDeps['doneTasks']): TurnDeps {
  const { config } = deps.services;
  return {
    ...deps,
    agents: new Subagents(deps, earlier),
    snapshots: new UndoSnapshots(deps),
    doneTasks,
    itemIds: new ItemIds(),
    // Asked for when the session opens, so that the answer is there when the first request is.
    repository:
      deps.state.sentContext === null
        ? gatherRepositoryFacts(config.cwd, config.env, { roots: programSearch(config).roots })
        : Promise.resolve(null),
  };
}

/** A number above the ids of all turns so far, of which only those that keel chose are numbers. */
function firstFreeId({ turns }: ThreadLog): number {
  return turns.reduce((free, { id }) => (/^\d{1,15}$/.test(id) ? Math.max(free, Number(id) + 1) : free), 0);
}
