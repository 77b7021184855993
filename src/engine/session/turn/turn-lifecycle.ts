import {
  crashNote,
  environmentDiff,
  interruptionNote,
  type TurnContext,
  toolsNote,
  userMessage,
} from '../../../context/index.ts';
import {
  type AgentStatusRecord,
  type ResponseItem,
  type SessionEvent,
  type ThreadItem,
  type Turn,
  toKeelError,
} from '../../../foundation/protocol/index.ts';
import { programSearch } from '../../../storage/config/index.ts';
import type { OpenTurn, OpenTurnLine } from '../../../storage/rollout/index.ts';
import { gatherRepositoryFacts, type RepositoryFacts } from '../../../system/git/index.ts';
import type { ToolHost, WithMcpTools } from '../../../tools/index.ts';
import { TurnInterrupted } from '../../steps/index.ts';
import { type TurnOutcome, type TurnPorts, threadItemsOf } from '../../turn/index.ts';
import { delegateRunner } from '../agents/run-child.ts';
import { ChildAgents } from '../agents/subagents.ts';
import { notifyUser } from '../environment/notifier.ts';
import { firstSkillList } from '../environment/session-skills.ts';
import type { SessionServices } from '../services.ts';
import type { SessionState } from '../state.ts';
import type { TaskSession } from '../tasks/task.ts';
import { UndoSnapshots } from '../tasks/undo-snapshots.ts';
import { type UndoParts, undoTurn } from '../tasks/undo-turn.ts';
import { runUserShell } from '../tasks/user-shell.ts';
import { cutOffCalls } from '../thread/cut-off-calls.ts';
import { rollBack } from '../thread/rollback.ts';
import type { ThreadRecord } from '../thread/thread-record.ts';
import type { AbortReason, ActiveTurn } from './active-turn.ts';
import { environmentFacts, firstContext } from './first-context.ts';
import { approvedHosts, hostAsker } from './host-asker.ts';
import { ItemIds } from './item-ids.ts';
import { makeTurnContext } from './make-turn-context.ts';
import { budgetOf, RequestBudget } from './request-budget.ts';
import type { SessionScope, TurnStart } from './session-scope.ts';
import { TurnHandle } from './turn-handle.ts';
import { openTurnPorts } from './turn-ports.ts';
import { turnSetup } from './turn-setup.ts';
import { saidText, type TurnState } from './turn-state.ts';

/** How long a first turn may wait for git beyond what start-up takes anyway, milliseconds. */
const REPOSITORY_GRACE_MS = 25;

export interface LifecycleParts {
  readonly state: SessionState;
  readonly services: SessionServices;
  readonly record: ThreadRecord;
  readonly emit: (event: SessionEvent) => void;
  /** Helpers of an earlier process. */
  readonly recordedAgents: readonly AgentStatusRecord[];
  /** Those of an earlier process that have ended. */
  readonly earlierTurns: readonly Turn[];
}

/** What has to be written, told and flushed when a turn begins and when it ends. */
export class TurnLifecycle implements SessionScope {
  readonly state: SessionState;
  readonly services: SessionServices;
  readonly emit: (event: SessionEvent) => void;
  readonly agents: ChildAgents;
  readonly #snapshots: UndoSnapshots;
  readonly #record: ThreadRecord;
  readonly #itemIds = new ItemIds();
  /** Asked for when the session opens, so that the answer is there when the first request is. */
  readonly #repository: Promise<RepositoryFacts | null>;
  /** Of the newest request of the user; subagents draw on it too, also after its turn. Null: it has no limit. */
  #budget: RequestBudget | null = null;
  /** The newest turn whose context the model has been told, or is told with its next request. */
  #toldTurnId: string | null = null;
  /** The newest turn for whose commands everything was made ready. */
  #preparedTurnId: string | null = null;

  constructor({ state, services, record, emit, recordedAgents, earlierTurns }: LifecycleParts) {
    this.state = state;
    this.services = services;
    this.emit = emit;
    this.#record = record;
    this.agents = new ChildAgents({
      state,
      services,
      record,
      emit,
      budget: () => this.#budget,
      recorded: recordedAgents,
    });
    this.#itemIds.taken(earlierTurns);
    this.#snapshots = new UndoSnapshots(services, record);
    const isNew = state.toldContext === null;
    const { config } = services;
    const { env, roots } = programSearch(config);
    this.#repository = isNew ? gatherRepositoryFacts(config.cwd, env, { roots }) : Promise.resolve(null);
  }

  /** Ends what works beside the turns. Call it once, when the session ends, before its services are closed. */
  async close(): Promise<void> {
    this.agents.shutDown();
    await this.#snapshots.close();
  }

  makeTurnContext(start: TurnStart): TurnContext {
    return makeTurnContext(this.state, this.services, start);
  }

  async openTurn(active: ActiveTurn, recorded: readonly OpenTurnLine[] | null): Promise<TurnPorts> {
    const { context } = active;
    this.agents.turnStarted(active);
    const budget = this.#budgetOf(context);
    const mcp = (await this.services.mcp?.turnTools(context, active.abort.signal)) ?? null;
    // While servers were waited for the turn may have been ended: nothing more is written for it.
    if (active.handle.isRevoked) throw new TurnInterrupted();
    const told = { ...context, mcpTools: mcp?.names ?? [] };
    if (recorded === null) {
      const items = await this.#contextFor(active);
      // As above: files were waited for.
      if (active.handle.isRevoked) throw new TurnInterrupted();
      if (this.state.toldContext === null) this.#record.addOpening(items, context, told);
      else this.#record.addItems([...items, ...this.#toolsNote(mcp)], context.turnId);
      this.state.noteToldContext(told);
      this.#addStart(active, told.mcpTools);
    } else if (this.state.toldContext === null) this.state.noteToldContext(told);
    this.#toldTurnId = context.turnId;
    const { handle, abort } = active;
    const { approvals, rules, sandbox } = this.services;
    const remember = rules.rememberHost.bind(rules);
    sandbox.askAboutHosts(hostAsker({ context, handle, approvals, remember, signal: abort.signal }));
    return openTurnPorts({
      state: this.state,
      services: this.services,
      record: this.#record,
      agents: this.agents,
      snapshots: this.#snapshots,
      budget,
      active,
      mcp,
      recorded: recorded ?? [],
      requestSent: () => {
        this.services.mcp?.requestSent();
        this.#prepareForCommands(context);
      },
    });
  }

  #budgetOf(context: TurnContext): RequestBudget | null {
    const { persona, config, now } = this.services;
    const limits = budgetOf(context, config);
    if (limits === null) return null;
    this.#budget = persona === null ? new RequestBudget(limits, now) : persona.budget();
    return this.#budget;
  }

  #addStart({ context, task }: ActiveTurn, mcpTools: readonly string[]): void {
    const setup = turnSetup({ context, services: this.services, focus: task.focus ?? null, mcpTools });
    this.#record.addLine({ type: 'event_msg', payload: { type: 'task_started', turn_id: context.turnId, setup } });
  }

  runUserShell(active: ActiveTurn, command: string, id: string, signal: AbortSignal): Promise<ResponseItem> {
    return runUserShell({ services: this.services, active, command, callId: `shell-${id}`, signal });
  }

  rollBack(turns: number): Promise<void> {
    return rollBack(turns, { services: this.services, state: this.state, record: this.#record, emit: this.emit });
  }

  handle({ turnId, threadId }: TurnContext, state: TurnState): TurnHandle {
    const keep = (item: ThreadItem) => {
      const line = { type: 'event_msg', payload: { type: 'item_completed', turn_id: turnId, item } } as const;
      try {
        this.#record.addLine(line);
      } catch (error) {
        this.services.log.warn(`an item of turn ${turnId} was not recorded: ${String(error)}`);
      }
    };
    return new TurnHandle({ threadId, turnId, state, emit: this.emit, ids: this.#itemIds, keep });
  }

  #undoParts(active: ActiveTurn): UndoParts {
    return { services: this.services, state: this.state, record: this.#record, active };
  }

  taskSession(active: ActiveTurn, ports: TurnPorts): TaskSession {
    const { context } = active;
    return {
      context,
      ports,
      show: (event) => active.handle.show(event),
      delegate: delegateRunner({
        services: this.services,
        state: this.state,
        active,
        noteUsage: (usage) => {
          this.state.noteForeignUsage(usage, context.model.effectiveContextWindow);
          ports.history.reportUsage();
        },
      }),
      undo: (signal) => undoTurn(this.#undoParts(active), signal),
      runUserShell: (command, signal) => this.runUserShell(active, command, context.turnId, signal),
      addItems: (items) => {
        if (!active.handle.isRevoked) this.#record.addItems(items, context.turnId);
      },
    };
  }

  async closeTurn(active: ActiveTurn, outcome: TurnOutcome, reason: AbortReason | null): Promise<void> {
    const { turnId } = active.context;
    this.agents.turnEnded();
    this.services.sandbox.askAboutHosts(approvedHosts(this.services.approvals));
    try {
      const late = active.state.takeRecords().map(({ record }) => record);
      this.#record.addItems(late, turnId);
      // A turn without a request may have told the context all the same: it is not to be told again after a resume.
      if (this.#record.contextTurnId !== turnId && this.#toldTurnId === turnId)
        this.#record.addTurnContext(active.context);
      if (outcome.type === 'interrupted') {
        if (this.#toldTurnId !== turnId) this.#addStart(active, []);
        await this.#keepUnread(active);
        this.#record.addItems([this.#interruption(active)], turnId);
        const payload = { type: 'turn_aborted', turn_id: turnId, reason: reason ?? 'interrupted' };
        this.#record.addLine({ type: 'event_msg', payload });
      } else {
        const message = outcome.lastAgentMessage ?? null;
        const error = outcome.type === 'failed' ? outcome.error : null;
        const payload = { type: 'task_complete', turn_id: turnId, last_agent_message: message, error };
        this.#record.addLine({ type: 'event_msg', payload });
      }
      await this.#record.sync();
      this.services.toolHost.turnEnded();
      if (outcome.type === 'completed') this.#notify(active, outcome.lastAgentMessage);
    } catch (error) {
      // The turn's end can't be written; its error, if it has one, was told, and resuming repairs the rest.
      this.services.log.crash(error);
      const { message } = toKeelError(error);
      if (outcome.type !== 'failed') {
        this.emit({ type: 'warning', turnId, message: `The end of this turn is not recorded: ${message}` });
      }
    }
  }

  /** What the user asked stays said, also where the turn was stopped before its loop had taken it in. */
  async #keepUnread({ context, state }: ActiveTurn): Promise<void> {
    const { turnId, cwd } = context;
    const unread = state.takeUnread(turnId);
    if (unread === null) return;
    const message = await userMessage(unread.items, cwd);
    this.#record.addUserEvent(saidText(unread));
    this.#record.addItems([message], turnId);
    for (const item of threadItemsOf(message, `${turnId}-0`)) {
      this.emit({ type: 'item.started', turnId, item });
      this.emit({ type: 'item.completed', turnId, item });
    }
  }

  /** Ends a turn that keel's own end cut off; what it had is in the history. The model is told. `calls`: who knows of them. */
  async endCutOffTurn({ turnId, lines }: OpenTurn, calls: Pick<ToolHost, 'recall'>): Promise<void> {
    const items = lines.flatMap((line) => (line.type === 'item' ? [line.item] : []));
    const answered = await cutOffCalls(items, lines, calls);
    this.#record.addItems([...answered.outputs, crashNote(answered.calls)], turnId);
    this.#record.addLine({
      type: 'event_msg',
      payload: { type: 'turn_aborted', turn_id: turnId, reason: 'interrupted' },
    });
    await this.#record.sync();
    this.services.toolHost.turnEnded();
  }

  /** While the model thinks about its first call, what commands need is found out. */
  #prepareForCommands({ turnId, sandboxPolicy, cwd }: TurnContext): void {
    if (this.#preparedTurnId === turnId) return;
    this.#preparedTurnId = turnId;
    const { commandEnvironment, sandbox } = this.services;
    commandEnvironment.prepare();
    if (sandboxPolicy.mode !== 'danger-full-access')
      void sandbox.ready(new AbortController().signal, { policy: sandboxPolicy, cwd });
  }

  #notify({ context, state }: ActiveTurn, lastAssistantMessage: string | null): void {
    if (context.taskKind !== 'regular') return;
    const { threadId, turnId, cwd } = context;
    const { config, log } = this.services;
    notifyUser(config, { threadId, turnId, cwd, inputMessages: state.userTexts, lastAssistantMessage }, log);
  }

  #interruption({ state, context }: ActiveTurn): ResponseItem {
    const sessions = this.services.execSessions.running().map(({ id, command }) => `session ${id}: ${command}`);
    return interruptionNote({ calls: state.cutOffCalls, sessions: context.taskKind === 'regular' ? sessions : [] });
  }

  /** Servers may have come, gone, or changed their minds since the last turn. */
  #toolsNote(mcp: WithMcpTools | null): ResponseItem[] {
    if (this.state.toldContext === null) return [];
    const { mcpTools: told = [] } = this.state.toldContext;
    const { names: now = [] } = mcp ?? {};
    const added = now.filter((name) => !told.includes(name));
    const removed = told.filter((name) => !now.includes(name));
    return added.length + removed.length === 0 ? [] : [toolsNote({ added, removed })];
  }

  /** What the model has to know before the turn: everything at the start of a thread, later only what changed. */
  async #contextFor({ context, abort }: ActiveTurn): Promise<ResponseItem[]> {
    const told = this.state.toldContext;
    if (told === null) {
      const onWarning = (message: string) => this.emit({ type: 'warning', turnId: context.turnId, message });
      const [repository, skills] = await Promise.all([
        within(this.#repository, REPOSITORY_GRACE_MS),
        unlessStopped(firstSkillList(this.services, abort.signal, onWarning), abort.signal),
      ]);
      return firstContext(context, this.services, { repository, skills, onWarning });
    }
    const diff = environmentDiff(told, environmentFacts(context));
    return [...(diff === null ? [] : [diff]), ...this.agents.takeNotes()];
  }
}

async function unlessStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw signal.aborted ? new TurnInterrupted() : error;
  }
}

async function within<T>(work: Promise<T>, ms: number): Promise<T | null> {
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => late.resolve(null), ms);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
