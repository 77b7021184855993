export interface RateLimitOptions {
  /** Requests that a user may make at once after a pause, and how many are added each second. */
  readonly burst: number;
  readonly perSecond: number;
  /** Milliseconds that no change of the system's clock moves. */
  readonly now?: () => number;
}

/** How often each user may ask. Only users that were authenticated get here: their number is bounded by the tokens. */
export class RateLimit {
  readonly #options: RateLimitOptions;
  readonly #left = new Map<string, { readonly requests: number; readonly at: number }>();

  constructor(options: RateLimitOptions) {
    this.#options = options;
  }

  /** @returns whether the user may make a request now; it counts */
  take(user: string): boolean {
    const { burst, perSecond, now = () => performance.now() } = this.#options;
    const at = now();
    const before = this.#left.get(user) ?? { requests: burst, at };
    const requests = Math.min(burst, before.requests + (Math.max(0, at - before.at) / 1_000) * perSecond);
    this.#left.set(user, { requests: requests < 1 ? requests : requests - 1, at });
    return requests >= 1;
  }
}
