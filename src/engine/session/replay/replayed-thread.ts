import {
  ConversationHistory,
  compactionPrompt,
  type RepairListener,
  ThreadFacts,
} from '../../../context/history/index.ts';
import type { RequestFingerprint, ResponseItem, RolloutItem, TurnSetup } from '../../../foundation/protocol/index.ts';
import { ServerFacts } from '../../../models/catalogue/index.ts';
import { loadWire, type ModelClient, RequestFingerprints } from '../../../models/client/index.ts';
import type { Prompt } from '../../../models/prompt/index.ts';
import type { WireMaker } from '../../../models/wires/index.ts';
import { NullRecorder, type OpenTurnLine, threadLog } from '../../../storage/rollout/index.ts';
import { specsFor } from '../../../tools/index.ts';
import { FileStepRunner, isStepId, type StepName, summaryStepId, TurnInterrupted } from '../../steps/index.ts';
import { compact, runTurn, type TurnBudget, type TurnOutcome, type TurnPorts } from '../../turn/index.ts';
import { TreeFacts } from '../agents/tree-facts.ts';
import type { SessionConfiguration } from '../settings.ts';
import { SessionState } from '../state.ts';
import { rebuildHistory, threadFacts } from '../thread/rebuild-history.ts';
import { ThreadRecord } from '../thread/thread-record.ts';
import { finishGate } from '../turn/open-work.ts';
import { turnHistory } from '../turn/turn-history.ts';
import { toolsOf } from '../turn/turn-tools.ts';
import { TurnWindow } from '../turn/turn-window.ts';

import {
  type RecordedSettings,
  recordedRegistry,
  recordedTools,
  replayedContext,
  silentClient,
} from './replay-context.ts';

/** A request as keel would make it now, beside what is recorded of the one that it made then. */
export interface ReplayedRequest {
  readonly turnId: string;
  readonly stepId: string;
  /** What was kept with the step; undefined where nothing was. */
  readonly was: unknown;
  readonly now: RequestFingerprint;
  readonly prompt: Prompt;
  /** The input as it would be sent, each item as JSON. */
  input(): readonly string[];
}

export interface RecordedTurn extends RecordedSettings {
  /** The journal of the turn, whole. */
  readonly lines: readonly OpenTurnLine[];
}

export interface ReplayedTurn {
  /** How the turn would end on what is recorded; null: it asks for a step that the record does not have. */
  readonly outcome: TurnOutcome | null;
  /** The step that is asked for and not recorded. */
  readonly wanted: string | null;
  /** Recorded steps that nobody asked for. */
  readonly left: readonly string[];
}

export interface ReplayListeners {
  onRequest(request: ReplayedRequest): void;
  /** A compaction has put other items in the place of all. */
  onReplaced(): void;
  readonly onRepair: RepairListener;
}

interface ReplayParts {
  readonly turn: RecordedTurn;
  readonly wire: WireMaker;
  readonly dry: DryJournal;
  /** Items that the turn's own steps recorded. */
  readonly taken: Set<ResponseItem>;
}

const nobody = () => undefined;

/**
 * A recorded thread that is run again by the code that runs live ones: the same turn loop over the same history, with the
 * recorded value of each step in the place of its work. Nothing is executed, sent or written, and nothing is asked of the
 * machine: contexts are made from the record.
 */
export class ReplayedThread {
  readonly #threadId: string;
  readonly #onRequest: (request: ReplayedRequest) => void;
  readonly #onReplaced: () => void;
  readonly #onRepair: RepairListener;
  readonly #fingerprints = new RequestFingerprints();
  readonly #serverFacts = new ServerFacts({ baseUrl: '' });
  #state: SessionState;

  constructor(threadId: string, listeners: ReplayListeners) {
    this.#threadId = threadId;
    this.#onRequest = (request) => listeners.onRequest(request);
    this.#onReplaced = () => listeners.onReplaced();
    this.#onRepair = listeners.onRepair;
    this.#state = stateOf(new ConversationHistory(this.#onRepair), new ThreadFacts());
  }

  get prompt(): readonly ResponseItem[] {
    return this.#state.forPrompt();
  }

  /** Items that no step recorded: context, notes, what another program wrote. */
  record(items: readonly ResponseItem[]): void {
    this.#state.record(items);
  }

  /** Begins anew from all lines so far: after turns were taken back, or where no step of a turn says what holds. */
  rebuild(lines: readonly RolloutItem[]): void {
    const meta = { id: this.#threadId, timestamp: '', cwd: '' };
    const { wholeHistory } = threadLog({ path: '', meta, lines, warnings: [], nextOrdinal: 0 });
    this.#state = stateOf(rebuildHistory(wholeHistory, this.#onRepair), threadFacts(wholeHistory));
  }

  /** Those of the names that no tool of keel's own has: what such a tool is told of can't be made again. */
  foreignTools(names: readonly string[]): readonly string[] {
    const own = recordedRegistry(null);
    return names.filter((name) => own.handler(name) === null);
  }

  /**
   * Runs one turn again. Items of it that its loop does not come to, since it was cut off, follow as they were recorded.
   * @throws KeelError `rolloutCorrupt` where the turn now takes other steps than it did, or a step's value can't be read
   */
  async runTurn(turn: RecordedTurn): Promise<ReplayedTurn> {
    const dry = new DryJournal();
    const taken = new Set<ResponseItem>();
    const wire = await loadWire(turn.setup?.wire_api ?? 'responses');
    const { ports, steps } = this.#ports({ turn, wire, dry, taken });
    try {
      const isCompaction = turn.setup?.task === 'compact' || turn.lines.some(isAskedCompaction);
      const outcome = isCompaction ? await compactionOutcome(ports) : await runTurn(ports);
      const wanted = dry.wanted;
      return { outcome: wanted === null ? outcome : null, wanted, left: steps.left };
    } finally {
      const items = turn.lines.flatMap((line) => (line.type === 'item' && !taken.has(line.item) ? [line.item] : []));
      this.record(items);
    }
  }

  #ports({ turn, wire, dry, taken }: ReplayParts): { ports: TurnPorts; steps: FileStepRunner } {
    const { turnId, setup, lines } = turn;
    const context = replayedContext({ ...turn, threadId: this.#threadId });
    const state = this.#state;
    const offered = toolsOf(recordedTools(setup), context.model);
    /** The request whose fingerprint was made last: the one of the step that is told next. */
    let asked: Pick<ReplayedRequest, 'now' | 'prompt' | 'input'> | null = null;
    const fingerprintBy = (client: ModelClient) => (prompt: Prompt) => {
      const now = client.fingerprint(prompt);
      asked = { now, prompt, input: () => client.inputOf(prompt) };
      return now;
    };
    const clientOf = (model: string | null) =>
      silentClient(context, {
        setup,
        wire,
        fingerprints: this.#fingerprints,
        model: model === context.model.slug ? null : model,
        facts: this.#serverFacts,
      });
    const steps = new FileStepRunner({
      turnId,
      journal: dry,
      interrupted: dry.interrupted,
      recorded: lines,
      onReplayed: (stepId, was) => {
        if (asked !== null) this.#onRequest({ turnId, stepId, was, ...asked });
      },
    });
    const handle = { isRevoked: false, emit: nobody };
    const record = new ThreadRecord(new NullRecorder(), state, nobody);
    const specs = specsFor(recordedRegistry(setup), offered, context.model);
    const facts = this.#serverFacts;
    const window = new TurnWindow({ model: context.model, facts, instructions: context.instructions, tools: specs });
    const adaptOf = (slug: string) => (quirk: string) => {
      facts.learnQuirk(slug, quirk);
      return '';
    };
    let spent = 0;
    const history = turnHistory({
      ...{ state, record, handle, turnId },
      window,
      compacted: () => dry.stop(),
      used: (tokens) => {
        spent += tokens;
      },
    });
    const ports: TurnPorts = {
      context,
      steps,
      history: {
        ...history,
        record(items) {
          for (const item of items) taken.add(item);
          history.record(items);
        },
        replace: (items) => {
          history.replace(items);
          this.#onReplaced();
        },
        prune: (outputs) => {
          history.prune(outputs);
          this.#onReplaced();
        },
        takeOut: (refused) => {
          history.takeOut(refused);
          this.#onReplaced();
        },
      },
      model: {
        stream: () => dry.stop(),
        fingerprint: fingerprintBy(clientOf(null)),
        retries: setup?.retries ?? { request: Number.POSITIVE_INFINITY, stream: Number.POSITIVE_INFINITY },
        adapt: adaptOf(context.model.slug),
      },
      tools: {
        specs,
        repeat: () => 'safe',
        openBatch: () => ({ run: () => dry.stop() }),
        refuse: () => dry.stop(),
        withLine: () => dry.stop(),
        takeDiff: () => Promise.resolve(''),
      },
      compaction: {
        get limit() {
          return compactionLimit(turn, window.limit);
        },
        learnWindow: (tokens) => window.learn(tokens),
        adapt: adaptOf(setup?.compact_model ?? context.model.slug),
        question: compactionPrompt({ focus: setup?.focus ?? null, own: setup?.compact_prompt ?? null }),
        stream: () => dry.stop(),
        fingerprint: fingerprintBy(clientOf(setup?.compact_model ?? null)),
        tooLong: nobody,
      },
      budget: recordedBudget(setup, () => spent),
      answerForm: hasStep(turn, 'answerForm') ? (setup?.output_schema ?? null) : null,
      finishGate: isAsked(turn) ? finishGate(state, offered, recordedTree(setup)) : null,
      pruning: prunes(turn) ? { keep: () => dry.stop(), record: nobody } : null,
      emit: nobody,
      takeQueued: () => dry.stop(),
      recordRequestContext: nobody,
      recordRefused: nobody,
      recordCompaction: nobody,
      jitter: () => 1,
      showRawReasoning: false,
    };
    return { ports, steps };
  }
}

/** Where a replay would have to do something, it ends: nothing is written, and the turn is told that it is over. */
class DryJournal {
  #wanted: string | null = null;
  readonly #abort = new AbortController();

  get wanted(): string | null {
    return this.#wanted;
  }

  get interrupted(): AbortSignal {
    return this.#abort.signal;
  }

  append(line: OpenTurnLine): void {
    this.#wanted ??= line.type === 'step' ? line.record.id : line.stepId;
    this.stop();
  }

  stop(): never {
    this.#abort.abort();
    throw new TurnInterrupted();
  }
}

function stateOf(history: ConversationHistory, facts: ThreadFacts): SessionState {
  const configuration: SessionConfiguration = {
    cwd: '/',
    approvalPolicy: 'never',
    sandboxPolicy: { mode: 'read-only' },
    model: '',
    effort: null,
    summary: 'auto',
  };
  return new SessionState(configuration, history, facts, null, null);
}

/** What was told of a budget stands in results: without the turn's settings they alone count. No time goes by here. */
function recordedBudget(setup: TurnSetup | null, tokensUsed: () => number): TurnBudget | null {
  if (setup !== null && setup.budget === undefined) return null;
  return {
    ...{ tokens: null, minutes: null, ...setup?.budget },
    hasLastAnswer: true,
    minutesGone: () => 0,
    tokensUsed,
    expired: new AbortController().signal,
  };
}

/** What subagents did stands in a step. Earlier versions did not ask for it. */
function recordedTree(setup: TurnSetup | null) {
  return setup?.verify_tree === true ? new TreeFacts(null) : null;
}

function isAsked(turn: RecordedTurn): boolean {
  return turn.setup === null ? hasStep(turn, 'finishGate') : turn.setup.verify === true;
}

function prunes(turn: RecordedTurn): boolean {
  return turn.setup === null ? hasStep(turn, 'pruning') : turn.setup.elide_outputs !== false;
}

function hasStep({ lines }: RecordedTurn, name: StepName): boolean {
  return lines.some((line) => line.type === 'step' && isStepId(line.record.id, name));
}

function isAskedCompaction(line: OpenTurnLine): boolean {
  return line.type === 'step' && line.record.id === summaryStepId('now', 1);
}

async function compactionOutcome(ports: TurnPorts): Promise<TurnOutcome> {
  try {
    const outcome = await compact(ports, 'now');
    return outcome.type === 'compacted' ? { type: 'completed', lastAgentMessage: null } : outcome;
  } catch (error) {
    if (error instanceof TurnInterrupted) return { type: 'interrupted' };
    throw error;
  }
}

/** Without the settings of the turn only its record knows whether it was to be compacted: then by no limit. */
function compactionLimit({ setup, lines }: RecordedTurn, limit: number | null): number | null {
  if (setup?.task !== undefined) return setup.task === 'regular' ? limit : null;
  return lines.some((line) => line.type === 'step' && line.record.kind === 'compact') ? limit : null;
}
