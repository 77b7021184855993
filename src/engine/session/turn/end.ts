import { endedWithRunNote, interruptionNote, userMessage } from '../../../context/index.ts';
import { toKeelError } from '../../../foundation/protocol/index.ts';
import { type TurnOutcome, threadItemsOf } from '../../turn/index.ts';
import { notifyUser } from '../environment/notifier.ts';
import { asking } from '../hooks/turn-hooks.ts';
import { runningCommands } from '../services.ts';
import type { AbortReason, ActiveTurn } from './active-turn.ts';
import { recordStart } from './begin.ts';
import { approvedHosts } from './host-asker.ts';
import type { TurnDeps } from './turn-deps.ts';
import { textOf } from './turn-input.ts';

/** The one end of a turn. By the time its event is emitted, all that the turn recorded is on the disk. Never throws. */
export async function endTurn(
  deps: TurnDeps,
  active: ActiveTurn,
  outcome: TurnOutcome,
  reason: AbortReason | null,
): Promise<void> {
  const { turnId } = active.context;
  const { emit } = deps;
  if (outcome.type === 'failed') emit({ type: 'error', turnId, error: outcome.error, willRetry: false });
  active.recorder.revoke(outcome.type !== 'completed');
  active.approvals.denyAll();
  deps.agents.turnEnded();
  deps.services.sandbox.askAboutHosts(approvedHosts(deps.services.approvals));
  const left = endedWithRun(deps, active);
  if (left.length > 0) {
    emit({ type: 'warning', turnId, message: `Ended with this run, since they still ran: ${left.join('; ')}` });
  }
  const outliving = outlivingCommands(deps);
  if (outliving.length > 0) {
    emit({ type: 'warning', turnId, message: `Still running, also when keel has ended: ${outliving.join('; ')}` });
  }
  try {
    await recordEnd(deps, active, outcome, reason);
    deps.services.toolHost.turnEnded();
    if (outcome.type === 'interrupted' && reason === 'interrupted') observeInterrupt(deps, active);
    if (outcome.type === 'completed') notify(deps, active, outcome.lastAgentMessage);
  } catch (error) {
    // Resuming repairs an end that can't be recorded. The error of a turn that failed was emitted already.
    deps.services.log.crash(error);
    const { message } = toKeelError(error);
    if (outcome.type !== 'failed') {
      emit({ type: 'warning', turnId, message: `The end of this turn is not recorded: ${message}` });
    }
  }
  const work = active.work();
  deps.services.hooks?.turnEnded(turnId);
  emit({
    type: 'turn.completed',
    turnId,
    status: outcome.type,
    error: outcome.type === 'failed' ? outcome.error : null,
    abortReason: outcome.type === 'interrupted' ? (reason ?? 'interrupted') : null,
    lastAgentMessage: outcome.type === 'interrupted' ? null : (outcome.lastAgentMessage ?? null),
    ...(work === null ? {} : { work }),
  });
}

/** @throws KeelError `storageFailed` */
async function recordEnd(
  deps: TurnDeps,
  active: ActiveTurn,
  outcome: TurnOutcome,
  reason: AbortReason | null,
): Promise<void> {
  const { record } = deps;
  const { context, input, isRecorded } = active;
  const { turnId } = context;
  const late = input.takeRecords().map((waiting) => waiting.record);
  record.addItems(late, turnId);
  // A turn without a request may have sent the context all the same: it is not sent again after a resume.
  if (record.contextTurnId !== turnId && isRecorded) record.addTurnContext(context);
  if (outcome.type === 'interrupted') {
    if (!isRecorded) recordStart(deps, active, []);
    await recordUnread(deps, active);
    const end = { type: 'turn_aborted', reason: reason ?? 'interrupted' } as const;
    record.addEnd([interruption(deps, active)], turnId, end);
  } else {
    const error = outcome.type === 'failed' ? outcome.error : null;
    const left = endedWithRun(deps, active);
    const note = left.length > 0 ? [endedWithRunNote(left)] : [];
    const last_agent_message = outcome.lastAgentMessage ?? null;
    record.addEnd(note, turnId, { type: 'task_complete', last_agent_message, error });
  }
  await record.sync();
}

/** What the user asked stays in the conversation, also where the turn was stopped before its loop had taken it in. */
async function recordUnread({ services, record, emit }: TurnDeps, { context, input }: ActiveTurn): Promise<void> {
  const { turnId, cwd } = context;
  const unread = input.takeUnread();
  // What hooks have not judged could be what they would have dropped.
  if (unread === null || services.hooks?.has('UserPromptSubmit')) return;
  const message = await userMessage(unread.items, cwd);
  record.addUserEvent(textOf(unread));
  record.addItems([message], turnId);
  for (const item of threadItemsOf(message, `${turnId}-0`)) {
    emit({ type: 'item.started', turnId, item });
    emit({ type: 'item.completed', turnId, item });
  }
}

/** Commands that end now, with a run that has no further turn. */
function endedWithRun({ services }: TurnDeps, { context }: ActiveTurn): readonly string[] {
  const isWholeRun = services.source === 'exec' && services.child === null && context.taskKind === 'regular';
  if (!isWholeRun) return [];
  const outliving = services.execSessions.outliving().map(({ id }) => id);
  return runningCommands(services, outliving);
}

/** Commands that the model has started to outlive keel. */
function outlivingCommands({ services }: TurnDeps): readonly string[] {
  return services.execSessions.outliving().map(({ pid, command }) => `process ${pid}: ${command}`);
}

function interruption({ services }: TurnDeps, { calls, context }: ActiveTurn) {
  return interruptionNote({
    calls: [...calls.values()],
    sessions: context.taskKind === 'regular' ? runningCommands(services) : [],
  });
}

function observeInterrupt({ services, emit }: TurnDeps, { context }: ActiveTurn): void {
  const { turnId } = context;
  const onMessage = (message: string) => emit({ type: 'warning', turnId, message });
  services.hooks?.observe('Interrupt', asking(null), { turnId, context, onMessage });
}

function notify({ services }: TurnDeps, { context, userTexts }: ActiveTurn, lastAssistantMessage: string | null): void {
  if (context.taskKind !== 'regular') return;
  const { threadId, turnId, cwd } = context;
  const { config, log } = services;
  notifyUser(config, { threadId, turnId, cwd, inputMessages: userTexts, lastAssistantMessage }, log);
}
