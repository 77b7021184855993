import { setTimeout as delay } from 'node:timers/promises';
import { KeelError, type ResponseItem, type StepRecord } from '../../foundation/protocol/index.ts';
import { reasonOf } from '../../foundation/util/index.ts';
import { noValue } from './codecs.ts';
import { type Journal, type JournalLine, type RecordedStep, recordedSteps } from './journal.ts';
import { stepId } from './step-ids.ts';
import {
  type Codec,
  type ExternalKey,
  type Recorded,
  type Step,
  type StepRunner,
  type StepSpec,
  type StepWork,
  TurnInterrupted,
  TurnReleased,
} from './step-runner.ts';

/** A longer sleep looks at the clock this often, milliseconds. */
const MAX_SLEEP_MS = 30_000;

export interface FileStepRunnerOptions {
  readonly turnId: string;
  readonly journal: Journal;
  /** Aborts when the turn is interrupted. */
  readonly interrupted: AbortSignal;
  /** Aborts when the turn is let go: no step begins after that, but the calls of a response that was received whole. */
  readonly released?: AbortSignal;
  /** What an earlier process journaled of this turn; empty for a new turn. */
  readonly recorded?: readonly JournalLine[];
  /** Called with each recorded step that asks for something: what it asked for then (undefined: not kept) and what now. */
  readonly onReplayed?: (id: string, then: unknown, now: unknown) => void;
}

/**
 * Runs the steps of a turn in this process and journals them in the thread's rollout.
 *
 * The journal of a step is a `begin` line, the items that it recorded as ordinary `response_item` lines that name it, and an
 * `end` line with its value, which repeats none of the items. The items of a response (`sampling`) are written one by one as
 * the model finishes them; the items of every other step are written in one write with its end, so that the journal has both
 * or neither.
 *
 * Resuming a turn is running it again over its journal. A step that ended resolves with its value and items, and its work is
 * not done again. One that only began is done again (`repeat: safe`), asks the call ledger (`repeat: ledger`), or ends as
 * `truncated` with the items it has, which is journaled so that every later replay takes the same way. A turn that asks for
 * another step than the journal has next is not the turn that was recorded.
 */
export class FileStepRunner implements StepRunner {
  readonly interrupted: AbortSignal;
  readonly #options: FileStepRunnerOptions;
  readonly #recorded: Map<string, RecordedStep>;
  /** Recorded steps that the turn has not asked for yet; the next one is last. */
  readonly #expected: string[];
  #sleeps = 0;
  #requests = 0;
  readonly #seen = new Set<string>();

  constructor(options: FileStepRunnerOptions) {
    this.#options = options;
    this.interrupted = options.interrupted;
    this.#recorded = recordedSteps(options.recorded ?? []);
    // An approval is awaited within the step of its call, which a replay doesn't enter if it ended.
    this.#expected = [...this.#recorded.values()].flatMap(({ id, kind }) => (kind === 'external' ? [] : [id]));
    this.#expected.reverse();
  }

  step<T>(spec: StepSpec<T>, work: StepWork<T>): Step<Recorded<T>> {
    return brand(this.#run(spec, work));
  }

  optional<T>(spec: StepSpec<T>, isWanted: boolean, work: StepWork<T>): Step<Recorded<T> | null> {
    const next = this.#expected.at(-1);
    const isAsked = next === undefined ? isWanted : next === spec.id;
    return brand<Recorded<T> | null>(isAsked ? this.#run(spec, work) : Promise.resolve(null));
  }

  external<T>(key: ExternalKey, codec: Codec<T>, announce: StepWork<T>): Step<T> {
    const spec = { id: stepId(key.kind, key.questionId), kind: 'external', codec, repeat: 'safe' } as const;
    return brand(this.#run<T>(spec, announce).then(({ value }) => value));
  }

  sleep(ms: number): Step<void> {
    return this.#sleep((signal) => delay(ms, null, { signal }));
  }

  sleepUntil(at: number): Step<void> {
    return this.#sleep(async (signal) => {
      // In pieces: a timer does not run while the machine sleeps, and has a longest time.
      for (let left = at - Date.now(); left > 0; left = at - Date.now()) {
        await delay(Math.min(left, MAX_SLEEP_MS), null, { signal });
      }
    });
  }

  #sleep(wait: (signal: AbortSignal) => Promise<unknown>): Step<void> {
    const spec = { id: stepId('sleep', this.#sleeps), kind: 'io', codec: noValue, repeat: 'safe' } as const;
    this.#sleeps += 1;
    const work = async ({ signal }: { readonly signal: AbortSignal }) => {
      try {
        await wait(signal);
        return null;
      } catch (error) {
        throw signal.aborted ? new TurnInterrupted() : error;
      }
    };
    return brand(this.#run<null>(spec, work).then(() => undefined));
  }

  /** Whether a response of the model is under way. */
  get isSampling(): boolean {
    return this.#requests > 0;
  }

  /** Ids of recorded steps that were not asked for yet, the next one first. */
  get left(): readonly string[] {
    return this.#expected.toReversed();
  }

  all<T>(steps: readonly Step<T>[]): Step<T[]> {
    return brand(Promise.all(steps));
  }

  async #run<T>(spec: RunSpec<T>, work: StepWork<T>): Promise<Recorded<T>> {
    this.#checkOrder(spec);
    const recorded = this.#recorded.get(spec.id);
    if (recorded && spec.asks) this.#options.onReplayed?.(spec.id, recorded.asks, spec.asks());
    if (recorded?.end) return this.#replay(spec, recorded.end, recorded.items);
    if (recorded && recorded.items.length > 0 && spec.truncated !== undefined) {
      this.#options.journal.append(this.#line(spec, 'end', spec.truncated));
      return { value: spec.truncated, items: recorded.items, replayed: true };
    }
    // A call of the model is answered even after an interrupt: its work sees the signal and reports that it was cut off.
    if (this.interrupted.aborted && spec.kind !== 'tool') throw new TurnInterrupted();
    if (this.#options.released?.aborted) await letGo(spec.kind);
    return this.#runLive(spec, work);
  }

  #checkOrder<T>({ id, kind }: RunSpec<T>): void {
    if (this.#seen.has(id)) throw new KeelError('internal', `two steps of a turn are called ${id}`);
    this.#seen.add(id);
    if (kind === 'external') return;
    const expected = this.#expected.pop();
    if (expected === undefined || expected === id) return;
    throw new KeelError(
      'rolloutCorrupt',
      `this turn can't be resumed: its recorded next step is ${expected}, but the turn asks for ${id}`,
    );
  }

  async #runLive<T>(spec: RunSpec<T>, work: StepWork<T>): Promise<Recorded<T>> {
    const { journal } = this.#options;
    const items: ResponseItem[] = [];
    const lineOf = (item: ResponseItem): JournalLine => ({ type: 'item', stepId: spec.id, item });
    const begin = this.#line(spec, 'begin', undefined);
    const asks = spec.asks?.();
    journal.append(asks === undefined ? begin : { type: 'step', record: { ...begin.record, asks } });
    const request = spec.kind === 'sampling' || spec.kind === 'compact' ? 1 : 0;
    this.#requests += request;
    const value = await work({
      signal: this.interrupted,
      record: (item) => {
        if (spec.kind === 'sampling') journal.append(lineOf(item));
        items.push(item);
      },
    }).finally(() => {
      this.#requests -= request;
    });
    journal.append(...(spec.kind === 'sampling' ? [] : items.map(lineOf)), this.#line(spec, 'end', value));
    return { value, items, replayed: false };
  }

  #replay<T>(spec: RunSpec<T>, end: StepRecord, items: readonly ResponseItem[]): Recorded<T> {
    if (end.kind !== spec.kind) {
      throw new KeelError(
        'rolloutCorrupt',
        `step ${spec.id} was recorded with the kind ${end.kind}, but its kind is ${spec.kind}`,
      );
    }
    try {
      return { value: spec.codec.decode(end.value, end.version), items, replayed: true };
    } catch (cause) {
      const reason = reasonOf(cause);
      throw new KeelError('rolloutCorrupt', `the recorded value of step ${spec.id} can't be read: ${reason}`, {
        cause,
      });
    }
  }

  #line<T>(spec: RunSpec<T>, state: 'begin' | 'end', value: T | undefined) {
    const { id, kind, codec } = spec;
    const record: StepRecord = { turn: this.#options.turnId, id, kind, state, version: codec.version };
    const whole = state === 'end' && value !== undefined ? { ...record, value: codec.encode(value) } : record;
    return { type: 'step', record: whole } as const;
  }
}

/** @throws TurnReleased but for a call of the model, which still begins, and a question of one, which is never answered */
async function letGo(kind: StepRecord['kind']): Promise<void> {
  if (kind === 'external') await new Promise(() => undefined);
  if (kind !== 'tool') throw new TurnReleased();
}

type RunSpec<T> = Omit<StepSpec<T>, 'kind'> & { readonly kind: StepRecord['kind'] };

/** The only place that makes a Step: from a promise of this runner. */
function brand<T>(promise: Promise<T>): Step<T> {
  // A step may fail before anything awaits it; whatever awaits it later gets the failure.
  promise.catch(() => undefined);
  return promise as Promise<T> & Step<T>;
}
