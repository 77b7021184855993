import type {
  ElidedOutput,
  RefusedContent,
  RequestFingerprint,
  ResponseItem,
  TurnSetup,
} from '../../../foundation/protocol/index.ts';
import type { ServerFacts } from '../../../models/catalogue/index.ts';
import type { RequestFingerprints } from '../../../models/client/index.ts';
import type { Prompt } from '../../../models/prompt/index.ts';
import type { WireMaker } from '../../../models/wires/index.ts';
import { NullRecorder, type OpenTurnLine } from '../../../storage/rollout/index.ts';
import { specsFor } from '../../../tools/index.ts';
import { FileStepRunner, isStepId, type StepName, TurnInterrupted } from '../../steps/index.ts';
import type { TurnBudget, TurnModel, TurnPorts } from '../../turn/index.ts';
import { TreeFacts } from '../agents/tree-facts.ts';
import type { SessionState } from '../state.ts';
import { ThreadRecord } from '../thread/thread-record.ts';
import { ItemIds } from '../turn/item-ids.ts';
import { toolsOf } from '../turn/offered-tools.ts';
import { finishGate } from '../turn/open-work.ts';
import { turnModel, turnPorts } from '../turn/turn-ports.ts';
import { TurnRecorder, type TurnRecorderOptions } from '../turn/turn-recorder.ts';
import { TurnWindow } from '../turn/turn-window.ts';
import {
  type RecordedSettings,
  recordedRegistry,
  recordedTools,
  replayedContext,
  silentClient,
} from './replay-context.ts';

/** A request as keel would make it now, beside the recorded one. */
export interface ReplayedRequest {
  readonly turnId: string;
  readonly stepId: string;
  /** The fingerprint that was recorded with the step; undefined where none was. */
  readonly was: unknown;
  readonly now: RequestFingerprint;
  readonly prompt: Prompt;
  /** The input as it would be sent, each item as JSON. */
  input(): readonly string[];
}

export interface RecordedTurn extends Omit<RecordedSettings, 'threadId'> {
  /** The journal of the turn, whole. */
  readonly lines: readonly OpenTurnLine[];
}

export interface ReplayPortsOptions {
  readonly threadId: string;
  readonly turn: RecordedTurn;
  readonly state: SessionState;
  readonly wire: WireMaker;
  readonly fingerprints: RequestFingerprints;
  readonly serverFacts: ServerFacts;
  readonly onRequest: (request: ReplayedRequest) => void;
  /** Called when the conversation changed in its middle. */
  readonly onReplaced: () => void;
}

export interface ReplayPorts {
  readonly ports: TurnPorts;
  readonly steps: FileStepRunner;
  readonly journal: ThrowingJournal;
  /** Items that the turn's own steps recorded. */
  readonly items: ReadonlySet<ResponseItem>;
}

const nothing = () => undefined;

/** Binds the turn loop to a recorded turn, by the wiring of a live one, with a model, tools and a journal that throw. */
export function replayPorts(options: ReplayPortsOptions): ReplayPorts {
  const { turn, state, serverFacts: facts } = options;
  const { setup, turnId, lines } = turn;
  const context = replayedContext({ ...turn, threadId: options.threadId });
  const journal = new ThrowingJournal();
  const stop = () => journal.stop();
  /** The request whose fingerprint was made last: that of the step that is replayed next. */
  let asked: Omit<ReplayedRequest, 'turnId' | 'stepId' | 'was'> | null = null;
  const steps = new FileStepRunner({
    turnId,
    journal,
    interrupted: journal.interrupted,
    recorded: lines,
    onReplayed: (stepId, was) => {
      if (asked !== null) options.onRequest({ turnId, stepId, was, ...asked });
    },
  });
  const model = (slug: string): TurnModel => {
    const { wire, fingerprints } = options;
    const other = slug === context.model.slug ? null : slug;
    const client = silentClient(context, { setup, wire, fingerprints, model: other, facts });
    return {
      ...turnModel({
        ...{ context, client, facts, slug, provider: setup?.provider ?? 'none' },
        retries: setup?.retries ?? { request: Number.POSITIVE_INFINITY, stream: Number.POSITIVE_INFINITY },
      }),
      stream: stop,
      fingerprint(prompt: Prompt) {
        const now = client.fingerprint(prompt);
        asked = { now, prompt, input: () => client.inputOf(prompt) };
        return now;
      },
    };
  };
  const items = new Set<ResponseItem>();
  const onItem = (item: ResponseItem) => void items.add(item);
  const record = new ThreadRecord({ recorder: new NullRecorder(), state, emit: nothing, onItem });
  const { model: modelOfTurn, instructions } = context;
  const window = new TurnWindow({ model: modelOfTurn, facts, instructions });
  let spent = 0;
  const spend = (tokens: number) => {
    spent += tokens;
  };
  const parts = {
    context,
    state,
    record,
    emit: nothing,
    itemIds: new ItemIds(),
    window,
    spend,
    log: { warn: nothing },
  };
  const recorder = new ReplayRecorder(parts, options.onReplaced);
  const offered = toolsOf(recordedTools(setup), modelOfTurn);
  const specs = specsFor(recordedRegistry(setup), offered, modelOfTurn);
  window.offer(specs);
  const ports = turnPorts({
    context,
    steps,
    recorder,
    window,
    model: model(modelOfTurn.slug),
    tools: {
      specs,
      repeat: () => 'safe',
      openBatch: () => ({ run: stop }),
      refuse: stop,
      withLine: stop,
      takeDiff: () => Promise.resolve(''),
    },
    compaction: {
      isAutomatic: compactsItself(turn),
      focus: setup?.focus ?? null,
      prompt: setup?.compact_prompt ?? null,
      model: model(setup?.compact_model ?? modelOfTurn.slug),
      handover: stop,
      tooLong: nothing,
    },
    budget: recordedBudget(setup, () => spent),
    answerForm: hasStep(turn, 'answerForm') ? (setup?.output_schema ?? null) : null,
    finishGate: isAsked(turn) ? finishGate(state, offered, recordedTree(setup)) : null,
    pruning: prunes(turn) ? { keep: stop } : null,
    takeQueued: stop,
    jitter: () => 1,
    showRawReasoning: false,
  });
  return { ports, steps, journal, items };
}

/** Ends a replay where it would have to do something: nothing is written, and the turn is interrupted. */
class ThrowingJournal {
  #wanted: string | null = null;
  readonly #abort = new AbortController();

  /** The step that is not recorded. */
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

class ReplayRecorder extends TurnRecorder {
  readonly #onReplaced: () => void;

  constructor(options: TurnRecorderOptions, onReplaced: () => void) {
    super(options);
    this.#onReplaced = onReplaced;
  }

  override replace(items: readonly ResponseItem[]): void {
    super.replace(items);
    this.#onReplaced();
  }

  override prune(outputs: readonly ElidedOutput[]): void {
    super.prune(outputs);
    this.#onReplaced();
  }

  override takeOut(refused: RefusedContent): void {
    super.takeOut(refused);
    this.#onReplaced();
  }
}

/** Without the turn's settings only what recorded results say of a budget counts. No time passes in a replay. */
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

/** A step has what subagents did. Earlier versions had no such step. */
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

/** Without the settings of the turn only its record knows whether it compacted its conversation. */
function compactsItself({ setup, lines }: RecordedTurn): boolean {
  if (setup?.task !== undefined) return setup.task === 'regular';
  return lines.some((line) => line.type === 'step' && line.record.kind === 'compact');
}
