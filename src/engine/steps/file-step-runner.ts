import { setTimeout as delay } from 'node:timers/promises';
import { KeelError, type ResponseItem, type StepRecord } from '../../foundation/protocol/index.ts';
import { reasonOf } from '../../foundation/util/index.ts';
import { TurnInterrupted } from './errors.ts';
import { type Journal, type JournalLine, type RecordedStep, recordedSteps } from './journal.ts';
import type { Codec, ExternalKey, Recorded, Step, StepRunner, StepSpec, StepWork } from './types.ts';

export interface FileStepRunnerOptions {
  readonly turnId: string;
  readonly journal: Journal;
  /** Aborts when the turn is interrupted. */
  readonly interrupted: AbortSignal;
  readonly now: () => number;
  /** What an earlier process journaled of this turn; empty for a turn that begins. */
  readonly recorded?: readonly JournalLine[];
  /** Told of each recorded step that asks for something: what it asked for then (undefined: not kept) and what now. */
  readonly onReplayed?: (id: string, then: unknown, now: unknown) => void;
}

const noValue: Codec<null> = { version: 1, encode: () => null, decode: () => null };
const anInstant: Codec<number> = { version: 1, encode: (value) => value, decode: (value) => Number(value) };

/**
 * Runs the steps of a turn in this process and journals them in the thread's rollout.
 *
 * The journal of a step is a `begin` line, the items that it recorded as ordinary `response_item` lines that name it, and an
 * `end` line with its value, which holds none of the items again. A response (`sampling`) is written down item by item as
 * the model finishes them; the items of every other step are written in one go with its end, so that they have happened
 * with it or not at all.
 *
 * Resuming is nothing but running the same turn over the journal it left. A step that ended resolves with its value and
 * items, and its work is not done again. One that only began is done again (`repeat: safe`), asks the call ledger
 * (`repeat: ledger`), or ends as torn with the items it has (`torn`), which is journaled so that every later replay takes
 * the same way. A turn that asks for other steps than the journal has next is not the turn that was recorded.
 */
export class FileStepRunner implements StepRunner {
  readonly interrupted: AbortSignal;
  readonly #options: FileStepRunnerOptions;
  readonly #recorded: Map<string, RecordedStep>;
  /** What the turn still has to ask for, in the order in which it began before. */
  readonly #expected: string[];
  readonly #counters = new Map<string, number>();
  readonly #seen = new Set<string>();

  constructor(options: FileStepRunnerOptions) {
    this.#options = options;
    this.interrupted = options.interrupted;
    this.#recorded = recordedSteps(options.recorded ?? []);
    // An approval is waited for within the step of its call, which replay doesn't enter if it ended.
    this.#expected = [...this.#recorded.values()].flatMap(({ id, kind }) => (kind === 'external' ? [] : [id]));
    this.#expected.reverse();
  }

  step<T>(spec: StepSpec<T>, work: StepWork<T>): Step<Recorded<T>> {
    return brand(this.#run(spec, work));
  }

  external<T>(key: ExternalKey, codec: Codec<T>, announce: StepWork<T>): Step<T> {
    const spec = { id: `${key.kind}-${key.questionId}`, kind: 'external', codec, repeat: 'safe' } as const;
    return brand(this.#run<T>(spec, announce).then(({ value }) => value));
  }

  sleep(ms: number): Step<void> {
    const spec = { id: this.#count('sleep'), kind: 'io', codec: noValue, repeat: 'safe' } as const;
    const wait = async ({ signal }: { readonly signal: AbortSignal }) => {
      try {
        return await delay(ms, null, { signal });
      } catch (error) {
        throw signal.aborted ? new TurnInterrupted() : error;
      }
    };
    return brand(this.#run<null>(spec, wait).then(() => undefined));
  }

  now(): Step<number> {
    const spec = { id: this.#count('now'), kind: 'io', codec: anInstant, repeat: 'safe' } as const;
    return brand(this.#run<number>(spec, async () => this.#options.now()).then(({ value }) => value));
  }

  /** Steps that are recorded and were not asked for yet, the next one first. */
  get left(): readonly string[] {
    return this.#expected.toReversed();
  }

  newId(kind: string): string {
    return `${this.#options.turnId}-${this.#count(`id-${kind}`)}`;
  }

  all<T>(steps: readonly Step<T>[]): Step<T[]> {
    return brand(Promise.all(steps));
  }

  async #run<T>(spec: RunSpec<T>, work: StepWork<T>): Promise<Recorded<T>> {
    this.#checkOrder(spec);
    const recorded = this.#recorded.get(spec.id);
    if (recorded && spec.asks) this.#options.onReplayed?.(spec.id, recorded.asks, spec.asks());
    if (recorded?.end) return this.#replay(spec, recorded.end, recorded.items);
    if (recorded && recorded.items.length > 0 && spec.torn !== undefined) {
      this.#options.journal.append(this.#line(spec, 'end', spec.torn));
      return { value: spec.torn, items: recorded.items, replayed: true };
    }
    // A call that the model has made is answered even then: its work sees the signal and says that it was cut off.
    if (this.interrupted.aborted && spec.kind !== 'tool') throw new TurnInterrupted();
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
      `the record of this turn goes on with the step ${expected}, the turn itself with ${id}: it can't be continued`,
    );
  }

  async #runLive<T>(spec: RunSpec<T>, work: StepWork<T>): Promise<Recorded<T>> {
    const { journal } = this.#options;
    const items: ResponseItem[] = [];
    const lineOf = (item: ResponseItem): JournalLine => ({ type: 'item', stepId: spec.id, item });
    const begin = this.#line(spec, 'begin', undefined);
    const asks = spec.asks?.();
    journal.append(asks === undefined ? begin : { type: 'step', record: { ...begin.record, asks } });
    const value = await work({
      signal: this.interrupted,
      record: (item) => {
        if (spec.kind === 'sampling') journal.append(lineOf(item));
        items.push(item);
      },
    });
    journal.append(...(spec.kind === 'sampling' ? [] : items.map(lineOf)), this.#line(spec, 'end', value));
    return { value, items, replayed: false };
  }

  #replay<T>(spec: RunSpec<T>, end: StepRecord, items: readonly ResponseItem[]): Recorded<T> {
    if (end.kind !== spec.kind) {
      throw new KeelError('rolloutCorrupt', `step ${spec.id} was recorded as ${end.kind} and is a ${spec.kind} now`);
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

  #count(kind: string): string {
    const count = this.#counters.get(kind) ?? 0;
    this.#counters.set(kind, count + 1);
    return `${kind}-${count}`;
  }

  #line<T>(spec: RunSpec<T>, state: 'begin' | 'end', value: T | undefined) {
    const { id, kind, codec } = spec;
    const record: StepRecord = { turn: this.#options.turnId, id, kind, state, version: codec.version };
    const whole = state === 'end' && value !== undefined ? { ...record, value: codec.encode(value) } : record;
    return { type: 'step', record: whole } as const;
  }
}

type RunSpec<T> = Omit<StepSpec<T>, 'kind'> & { readonly kind: StepRecord['kind'] };

/** The only place that makes a Step: from a promise of this runner. */
function brand<T>(promise: Promise<T>): Step<T> {
  // A call may fail while nobody awaits it yet; whoever joins it gets the failure.
  promise.catch(() => undefined);
  return promise as Promise<T> & Step<T>;
}
