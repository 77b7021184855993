import type { TurnContext } from '../../../context/index.ts';
import type {
  ElidedOutput,
  RefusedContent,
  RequestFingerprint,
  ResponseItem,
} from '../../../foundation/protocol/index.ts';
import { modelInfo, type ServerFacts } from '../../../models/catalogue/index.ts';
import type { RequestFingerprints } from '../../../models/client/index.ts';
import type { Prompt } from '../../../models/prompt/index.ts';
import type { WireMaker } from '../../../models/wires/index.ts';
import { NullRecorder, type OpenTurnLine } from '../../../storage/rollout/index.ts';
import { specsFor } from '../../../tools/index.ts';
import { FileStepRunner, TurnInterrupted } from '../../steps/index.ts';
import type { TurnModel, TurnPorts } from '../../turn/index.ts';

import type { SessionState } from '../state.ts';
import { ThreadRecord } from '../thread/thread-record.ts';
import { ItemIds } from '../turn/item-ids.ts';
import { toolsOf } from '../turn/ports/offered-tools.ts';
import { openWork } from '../turn/ports/open-work.ts';
import { turnModel, turnPorts } from '../turn/ports/turn-ports.ts';
import type { Spending } from '../turn/request-budget.ts';
import { TurnRecorder, type TurnRecorderOptions } from '../turn/turn-recorder.ts';
import { TurnWindow } from '../turn/turn-window.ts';
import {
  checksAnswer,
  compactsItself,
  isAsked,
  prunes,
  type RecordedTurn,
  recordedBudget,
  recordedTree,
} from './recorded-turn.ts';
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

type RequestNow = Pick<ReplayedRequest, 'now' | 'prompt' | 'input'>;

export interface ReplayPortsOptions extends Pick<RecordedSettings, 'threadId' | 'digests'> {
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
  const context = replayedContext({ ...turn, threadId: options.threadId, digests: options.digests });
  const journal = new ThrowingJournal();
  const stop = () => journal.stop();
  /** The request whose fingerprint was made last: that of the step that is replayed next. */
  let asked: RequestNow | null = null;
  const steps = new FileStepRunner({
    turnId,
    journal,
    interrupted: journal.interrupted,
    recorded: lines,
    onReplayed: (stepId, was) => {
      if (asked !== null) options.onRequest({ turnId, stepId, was, ...asked });
    },
  });
  const model = (slug: string) =>
    replayModel(options, context, slug, stop, (request) => {
      asked = request;
    });
  const items = new Set<ResponseItem>();
  const onItem = (item: ResponseItem) => void items.add(item);
  const record = new ThreadRecord({ recorder: new NullRecorder(), state, emit: nothing, onItem });
  const { model: modelOfTurn, instructions } = context;
  const window = new TurnWindow({ model: modelOfTurn, facts, instructions });
  let spent = 0;
  let cost = 0;
  const spend = ({ tokens, costUsd }: Spending) => {
    spent += tokens;
    cost += costUsd ?? 0;
  };
  const log = { warn: nothing };
  const recorder = new ReplayRecorder(
    { context, state, record, emit: nothing, itemIds: new ItemIds(), window, spend, log },
    options.onReplaced,
  );
  const offered = toolsOf(recordedTools(setup), modelOfTurn);
  const specs = specsFor(recordedRegistry(setup), offered, context);
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
      openBatch: () => stop,
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
    budget: recordedBudget(setup, { tokensUsed: () => spent, costUsed: () => cost }),
    hooks: null,
    answerForm: checksAnswer(turn) ? (setup?.output_schema ?? null) : null,
    finishGate: isAsked(turn) ? openWork(state, offered, recordedTree(setup)) : null,
    keepPruned: prunes(turn) ? stop : null,
    takeQueued: stop,
    jitter: () => 1,
    waitsForQuota: false,
    showRawReasoning: false,
  });
  return { ports, steps, journal, items };
}

/** A model that knows what it would send, and never sends. */
function replayModel(
  { turn, wire, fingerprints, serverFacts: facts }: ReplayPortsOptions,
  context: TurnContext,
  slug: string,
  stop: () => never,
  onFingerprint: (request: RequestNow) => void,
): TurnModel {
  const { setup } = turn;
  const other = slug === context.model.slug ? null : slug;
  const client = silentClient(context, { setup, wire, fingerprints, model: other, facts });
  const fallback = setup?.fallback_model;
  const silentFallback = (slug: string) => ({
    model: modelInfo(slug),
    client: silentClient({ ...context, effort: null }, { setup, wire, fingerprints, model: slug, facts }),
  });
  const base = turnModel({
    ...{ client, facts, provider: setup?.provider ?? 'none' },
    model: other === null ? context.model : modelInfo(other),
    ...(fallback === undefined || other !== null ? {} : { fallback: () => silentFallback(fallback) }),
    retries: setup?.retries ?? { request: Number.POSITIVE_INFINITY, stream: Number.POSITIVE_INFINITY },
  });
  return {
    ...base,
    stream: stop,
    fingerprint(prompt) {
      const now = base.fingerprint(prompt);
      onFingerprint({ now, prompt, input: () => client.inputOf(prompt) });
      return now;
    },
  };
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
