import { setTimeout as delay } from 'node:timers/promises';
import { KeelError, type ResponseItem, type StepRecord } from '../protocol/index.ts';
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
}

const noValue: Codec<null> = { version: 1, encode: () => null, decode: () => null };
const anInstant: Codec<number> = { version: 1, encode: (value) => value, decode: (value) => Number(value) };

/**
 * Runs the steps of a turn in this process and journals them in the thread's rollout.
 *
 * A step that ended is one that has its `end` line: it resolves with the value in it and with the items recorded between
 * `begin` and `end`, and its work is not done again. A step that was begun only is done again (`repeat: safe`), or asks
 * the call ledger (`repeat: ledger`), or ends as torn with the items it has (`torn`). Resuming is nothing but running the
 * same turn over the journal it left.
 */
export class FileStepRunner implements StepRunner {
  readonly interrupted: AbortSignal;
  readonly #options: FileStepRunnerOptions;
  readonly #recorded: Map<string, RecordedStep>;
  readonly #counters = new Map<string, number>();
  readonly #seen = new Set<string>();

  constructor(options: FileStepRunnerOptions) {
    this.#options = options;
    this.interrupted = options.interrupted;
    this.#recorded = recordedSteps(options.recorded ?? []);
  }

  step<T>(spec: StepSpec<T>, work: StepWork<T>): Step<Recorded<T>> {
    return brand(this.#run(spec, work));
  }

  external<T>(key: ExternalKey, codec: Codec<T>, announce: StepWork<T>): Step<T> {
    const spec = { id: `${key.kind}-${key.callId}`, kind: 'external', codec, repeat: 'safe' } as const;
    return brand(this.#run<T>(spec, announce).then(({ value }) => value));
  }

  sleep(ms: number): Step<void> {
    const spec = { id: this.newId('sleep'), kind: 'io', codec: noValue, repeat: 'safe' } as const;
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
    const spec = { id: this.newId('now'), kind: 'io', codec: anInstant, repeat: 'safe' } as const;
    return brand(this.#run<number>(spec, async () => this.#options.now()).then(({ value }) => value));
  }

  newId(kind: string): string {
    const count = this.#counters.get(kind) ?? 0;
    this.#counters.set(kind, count + 1);
    return `${kind}-${count}`;
  }

  all<T>(steps: readonly Step<T>[]): Step<T[]> {
    return brand(Promise.all(steps));
  }

  async #run<T>(spec: RunSpec<T>, work: StepWork<T>): Promise<Recorded<T>> {
    if (this.#seen.has(spec.id)) throw new KeelError('internal', `two steps of a turn are called ${spec.id}`);
    this.#seen.add(spec.id);
    const recorded = this.#recorded.get(spec.id);
    if (recorded?.end) return this.#replay(spec, recorded.end, recorded.items);
    if (recorded && recorded.items.length > 0 && spec.torn !== undefined) {
      // Journaled as torn, so that every later replay takes the same way.
      this.#options.journal.append(this.#line(spec, 'end', spec.torn));
      return { value: spec.torn, items: recorded.items, replayed: true };
    }
    if (this.interrupted.aborted) throw new TurnInterrupted();
    return this.#runLive(spec, work);
  }

  async #runLive<T>(spec: RunSpec<T>, work: StepWork<T>): Promise<Recorded<T>> {
    const { journal } = this.#options;
    const items: ResponseItem[] = [];
    const lineOf = (item: ResponseItem): JournalLine => ({ type: 'item', stepId: spec.id, item });
    journal.append(this.#line(spec, 'begin', undefined));
    const value = await work({
      signal: this.interrupted,
      record: (item) => {
        // A response is kept item by item; all else has happened whole or not at all.
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
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new KeelError('rolloutCorrupt', `the recorded value of step ${spec.id} can't be read: ${reason}`, {
        cause,
      });
    }
  }

  #line<T>(spec: RunSpec<T>, state: 'begin' | 'end', value: T | undefined): JournalLine {
    const { id, kind, codec } = spec;
    const record: StepRecord = { turn: this.#options.turnId, id, kind, state, version: codec.version };
    const whole = state === 'end' && value !== undefined ? { ...record, value: codec.encode(value) } : record;
    return { type: 'step', record: whole };
  }
}

type RunSpec<T> = Omit<StepSpec<T>, 'kind'> & { readonly kind: StepRecord['kind'] };

/** The only place that makes a Step: from a promise of this runner. */
function brand<T>(promise: Promise<T>): Step<T> {
  // A call may fail while nobody awaits it yet; whoever joins it gets the failure.
  promise.catch(() => undefined);
  return promise as Promise<T> & Step<T>;
}
