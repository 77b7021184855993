import { compactedItems, compactionPrompt, cutMessage, messageBytes } from '../../../context/history/index.ts';
import { type TurnContext, userMessage } from '../../../context/index.ts';
import { KeelError, type ResponseItem } from '../../../foundation/protocol/index.ts';
import { modelInfo, quirkSetting } from '../../../models/catalogue/index.ts';
import type { ModelClient } from '../../../models/client/index.ts';
import { outputSchemaProblem } from '../../../models/prompt/index.ts';
import type { OpenTurnLine } from '../../../storage/rollout/index.ts';
import type { WithMcpTools } from '../../../tools/index.ts';
import { FileStepRunner, type Journal, type JournalLine } from '../../steps/index.ts';
import type { QueuedMessage, TurnPorts } from '../../turn/index.ts';
import type { ChildAgents } from '../agents/subagents.ts';
import { keptSkillList, skillsFor } from '../environment/session-skills.ts';
import type { SessionServices } from '../services.ts';
import type { SessionState } from '../state.ts';
import type { UndoSnapshots } from '../tasks/undo-snapshots.ts';
import type { ThreadRecord } from '../thread/thread-record.ts';

import type { ActiveTurn } from './active-turn.ts';
import { firstContext } from './first-context.ts';
import { keptOutput } from './kept-output.ts';
import { asksBeforeEnd, finishGate } from './open-work.ts';
import type { RequestBudget } from './request-budget.ts';
import { turnHistory } from './turn-history.ts';
import { saidText } from './turn-state.ts';
import { openTurnTools, toolsOf } from './turn-tools.ts';
import { TurnWindow } from './turn-window.ts';

export interface TurnPortsOptions {
  readonly state: SessionState;
  readonly services: SessionServices;
  readonly record: ThreadRecord;
  readonly agents: ChildAgents;
  readonly snapshots: UndoSnapshots;
  readonly active: ActiveTurn;
  /** Null: no limit. */
  readonly budget: RequestBudget | null;
  /** What servers add to the tools of the turn. */
  readonly mcp: WithMcpTools | null;
  /** Called when a request of the turn is on its way to the model. */
  readonly requestSent: () => void;
  /** The journal of this turn that an earlier process left. */
  readonly recorded: readonly OpenTurnLine[];
}

/** Binds the turn loop to one turn of this session. Everything goes through the turn's handle and ends with it. */
export function openTurnPorts(options: TurnPortsOptions): TurnPorts {
  const { services, record, state, active, mcp, recorded, budget } = options;
  const { context, handle } = active;
  if (context.outputSchema !== undefined) {
    const problem = outputSchemaProblem(context.outputSchema);
    if (problem !== null) throw new KeelError('invalidInput', `the output schema can't be used: ${problem}`);
  }
  const client = services.modelClient(context);
  for (const message of client.warnings) handle.emit({ type: 'warning', turnId: context.turnId, message });
  const { id, requestMaxRetries, streamMaxRetries } = services.config.provider;
  const steps = new FileStepRunner({
    turnId: context.turnId,
    journal: turnJournal(options),
    interrupted: active.abort.signal,
    recorded,
  });
  const tools = openTurnTools({
    beforeChange: beforeChange(options),
    mcp,
    services,
    agents: options.agents,
    active,
    steps,
    injectInput: (items) => {
      if (handle.isRevoked) return false;
      active.state.queueInput({ submissionId: context.turnId, items });
      return true;
    },
  });
  const { model, instructions } = context;
  const { serverFacts } = services;
  const window = new TurnWindow({ model, facts: serverFacts, instructions, tools: tools.specs });
  const adaptOf = (slug: string) => (quirk: string) => {
    serverFacts.learnQuirk(slug, quirk);
    return quirkSetting(services.config.provider.id, quirk);
  };
  return {
    context,
    steps,
    history: turnHistory({
      ...{ state, record, handle, window },
      turnId: context.turnId,
      compacted: (summary) => handover(options, window, summary),
      used: (tokens) => budget?.spend(tokens),
    }),
    model: {
      stream: (prompt, streamOptions) => {
        const taskKind = requestKind(services, streamOptions.taskKind);
        return client.stream(prompt, { ...streamOptions, taskKind, onSent: options.requestSent });
      },
      fingerprint: (prompt) => client.fingerprint(prompt),
      retries: { request: requestMaxRetries, stream: streamMaxRetries },
      origin: { provider: id, model: model.slug },
      adapt: adaptOf(model.slug),
    },
    tools,
    emit: (event) => handle.emit(event),
    takeQueued: () => takeQueued(options, window),
    compaction: {
      get limit() {
        return context.taskKind === 'regular' ? window.limit : null;
      },
      learnWindow: (tokens) => window.learn(tokens),
      adapt: adaptOf(services.config.compactModel ?? model.slug),
      question: compactionPrompt({ focus: active.task.focus ?? null, own: services.config.compactPrompt }),
      stream: (prompt, streamOptions) => compactionClient(services, context, client).stream(prompt, streamOptions),
      fingerprint: (prompt) => compactionClient(services, context, client).fingerprint(prompt),
      tooLong: (message) => services.log.error(`the request for a handover is too long: ${message}`),
    },
    budget: budget?.forTurn(active.background, services.persona === null) ?? null,
    answerForm: services.checksOutput ? (context.outputSchema ?? null) : null,
    finishGate: asksBeforeEnd(context, services)
      ? finishGate(state, toolsOf(services, context.model), services.tree)
      : null,
    pruning: services.config.elideOutputs
      ? {
          keep: (output) => keptOutput(services, output),
          record: (outputs) =>
            record.addLine({ type: 'event_msg', payload: { type: 'outputs_elided', outputs: [...outputs] } }),
        }
      : null,
    recordRefused: (refused) => record.addLine({ type: 'event_msg', payload: { type: 'content_refused', ...refused } }),
    recordCompaction: (summary, items) =>
      record.addLine({ type: 'compacted', payload: { message: summary, replacement_history: [...items] } }),
    recordRequestContext: () => record.addTurnContext(context),
    jitter: () => 0.9 + Math.random() * 0.2,
    showRawReasoning: services.config.showRawAgentReasoning,
  };
}

/** A turn that is resumed has its snapshot already, if the conversation before its own steps ends with one. */
function beforeChange({ state, active, recorded, snapshots }: TurnPortsOptions): () => Promise<void> {
  return snapshots.ofTurn(active, recorded.length > 0 && state.items.at(-1)?.type === 'ghost_snapshot');
}

/** What a request says it is for: a child's own purpose, though it works as on any request. */
function requestKind({ persona }: SessionServices, taskKind: string): string {
  return taskKind === 'regular' ? (persona?.taskType ?? taskKind) : taskKind;
}

/** The model of the turn, unless another one is to write handovers. */
function compactionClient(services: SessionServices, context: TurnContext, client: ModelClient): ModelClient {
  const { compactModel } = services.config;
  if (compactModel === null || compactModel === context.model.slug) return client;
  return services.modelClient({ ...context, model: modelInfo(compactModel, services.config) });
}

async function takeQueued(
  { active, record, services }: TurnPortsOptions,
  window: TurnWindow,
): Promise<readonly QueuedMessage[]> {
  const { context } = active;
  const onWarning = (message: string) => active.handle.emit({ type: 'warning', turnId: context.turnId, message });
  const taken = active.state.takeInput();
  const messages: QueuedMessage[] = active.state
    .takeRecords()
    .map(({ submissionId, record: message }) => ({ submissionId, message }));
  for (const input of taken) {
    const { submissionId, items } = input;
    if (items.length === 0) continue;
    const message = fittingMessage(await userMessage(items, context.cwd), window, onWarning);
    const text = saidText(input);
    const skills = await skillsFor(text, services, active.abort.signal, onWarning);
    // A large image may have taken longer than the turn had left: nothing more is written for it.
    if (active.handle.isRevoked) break;
    // Written together with the message: a crash in between would leave a turn in which nothing was asked.
    record.addUserEvent(text);
    active.state.noteUserText(text);
    // Behind the message: a fork that leaves it out leaves them out too.
    messages.push(...[message, ...skills].map((item) => ({ submissionId, message: item })));
  }
  return messages;
}

const BYTES_PER_TOKEN = 4;

/** A message that fills the window by itself could never be answered: its middle goes before it enters the conversation. */
function fittingMessage(message: ResponseItem, window: TurnWindow, onWarning: (message: string) => void): ResponseItem {
  const { messageBytes: most } = window.budget;
  if (message.type !== 'message' || messageBytes(message) <= most) return message;
  const tokens = (bytes: number) => Math.floor(bytes / BYTES_PER_TOKEN);
  onWarning(
    `This message is too long for the model's context window: of about ${tokens(messageBytes(message))} tokens the first and last ${tokens(most)} are sent, and its middle is cut out. Put long text into a file and name the file.`,
  );
  return cutMessage(message, most);
}

function turnJournal({ active, record }: TurnPortsOptions): Journal {
  const { handle, context } = active;
  return {
    append(...lines: readonly JournalLine[]) {
      if (handle.isRevoked) return;
      record.addLines(
        lines.map((line) =>
          line.type === 'step'
            ? { type: 'step', payload: line.record }
            : { type: 'response_item', payload: line.item, turn: context.turnId, step: line.stepId },
        ),
      );
    },
  };
}

function handover({ state, services, active, agents }: TurnPortsOptions, window: TurnWindow, summary: string) {
  const sessions = services.execSessions.running().map(({ id, command }) => `session ${id}: ${command}`);
  return compactedItems({
    items: state.items,
    facts: state.facts,
    opening: firstContext(active.context, services, { repository: null, skills: keptSkillList(state.items) }),
    summary,
    running: [...sessions, ...agents.running()],
    transcriptPath: services.recorder.path,
    budget: window.budget,
  });
}
