import { type RequestFingerprint, type RequestRecord, toKeelError } from '../../../../foundation/protocol/index.ts';
import { monotonicMs } from '../../../../foundation/util/index.ts';
import { costOf, knownPrices, type ModelInfo, type ModelPrices } from '../../../../models/catalogue/index.ts';
import { CacheWatch, type Rewrite } from '../../../../models/client/index.ts';
import type { ModelEvent } from '../../../../models/prompt/index.ts';
import type { Config } from '../../../../storage/config/index.ts';
import type { LastRequest } from '../../../../storage/rollout/index.ts';
import type { Log } from '../../log.ts';

type Completed = Extract<ModelEvent, { type: 'completed' }>;
type MeteredModel = Pick<ModelInfo, 'slug' | 'cacheMinutes'>;

/** Whether the model has said or done something by it. */
function isOfAnswer({ type }: ModelEvent): boolean {
  return type !== 'created' && type !== 'rateLimits' && type !== 'completed';
}

export interface RequestMeterOptions {
  readonly config: Pick<Config, 'provider' | 'modelPrices'>;
  readonly lastRequest: LastRequest;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Requests of the session that this one works for; null: it is the user's. */
  readonly above: RequestMeter | null;
  readonly log: Pick<Log, 'crash'>;
}

/** Measures the requests of a thread: how long each takes, what it costs, and what it missed of the provider's cache. */
export class RequestMeter {
  readonly #provider: string;
  readonly #prices: ModelPrices;
  readonly #watch: CacheWatch;
  readonly #now: () => number;
  readonly #above: RequestMeter | null;
  readonly #log: Pick<Log, 'crash'>;
  #costUsd: number | null = 0;

  constructor({ config, lastRequest, now, above, log }: RequestMeterOptions) {
    this.#provider = config.provider.id;
    this.#prices = knownPrices(config.provider, config.modelPrices);
    this.#watch = new CacheWatch(lastRequest);
    this.#now = now;
    this.#above = above;
    this.#log = log;
  }

  /** What the session's requests cost so far, with those of its children, US dollars. Null: of one it is not known. */
  get costUsd(): number | null {
    return this.#costUsd;
  }

  /** Items are taken out of the conversation: the next request does not extend the one before. */
  rewritten(by: Rewrite): void {
    this.#watch.rewritten(by);
  }

  /** @returns the fingerprint as it is */
  asked(fingerprint: RequestFingerprint, model: MeteredModel): RequestFingerprint {
    this.#watch.asked(fingerprint, { provider: this.#provider, model: model.slug });
    return fingerprint;
  }

  /** The events of one response as they are; the last one also says what the request took. What fails inside keel is logged. */
  async *measured(
    response: AsyncIterable<readonly ModelEvent[]>,
    model: MeteredModel,
  ): AsyncGenerator<readonly ModelEvent[], void, undefined> {
    try {
      const sentAt = this.#now();
      const start = monotonicMs();
      let firstTokenMs: number | null = null;
      for await (const events of response) {
        if (firstTokenMs === null && events.some(isOfAnswer)) firstTokenMs = Math.round(monotonicMs() - start);
        const last = events.at(-1);
        if (last?.type === 'completed') {
          const durationMs = Math.round(monotonicMs() - start);
          yield [...events.slice(0, -1), this.#withRecord(last, model, { sentAt, firstTokenMs, durationMs })];
        } else yield events;
      }
    } catch (error) {
      // The turn reports its words; only here is its stack still known.
      if (toKeelError(error).kind === 'internal') this.#log.crash(error);
      throw error;
    }
  }

  #withRecord(
    { cache, ...event }: Completed,
    { slug: model, cacheMinutes: keptMinutes }: MeteredModel,
    times: Pick<RequestRecord, 'sentAt' | 'firstTokenMs' | 'durationMs'>,
  ): Completed {
    const { usage } = event;
    const { sentAt } = times;
    const cacheWritten = cache?.written ?? 0;
    const request: RequestRecord = {
      provider: this.#provider,
      model,
      ...times,
      costUsd: costOf({ usage, model, cacheWritten }, this.#prices),
      cacheWritten,
      ...this.#watch.answered({ usage, cache: cache ?? null, sentAt, keptMinutes }),
    };
    this.#spend(request.costUsd);
    return { ...event, request };
  }

  #spend(costUsd: number | null): void {
    this.#costUsd = this.#costUsd === null || costUsd === null ? null : this.#costUsd + costUsd;
    if (this.#above !== null) this.#above.#spend(costUsd);
  }
}
