import { KeelError } from '../../foundation/protocol/index.ts';
import { raceAbort } from '../../foundation/util/index.ts';
import {
  type Config,
  readStoredKey,
  type StoredKey,
  type StoredTokens,
  storeTokens,
} from '../../storage/config/index.ts';
import {
  type Credentials,
  environmentHeaders,
  HttpTransport,
  type RenewableCredentials,
  signedIn,
} from '../client/index.ts';
import { withAuthLock } from './auth-lock.ts';
import { accountOf, expiryOf } from './id-token.ts';
import { Issuer } from './issuer.ts';

/** A token is renewed this long before its end, and after that long in any case, ms. */
const EARLY_MS = 60_000;
const MAX_AGE_MS = 8 * 24 * 60 * 60 * 1_000;

type Settings = Pick<Config, 'home' | 'env' | 'provider' | 'signIn'>;

/**
 * The token of a sign-in, kept in the home for all keels. One of them renews it at a time, and the others find the new one there:
 * an issuer that sees a refresh token twice takes it for stolen.
 */
export class SignInToken implements RenewableCredentials {
  readonly #settings: Settings;
  readonly #now: () => number;
  readonly #path: string;
  #tokens: StoredTokens;
  #renewing: Promise<StoredTokens> | null = null;

  constructor(stored: StoredKey & { readonly tokens: StoredTokens }, settings: Settings, now: () => number = Date.now) {
    this.#tokens = stored.tokens;
    this.#path = stored.path;
    this.#settings = settings;
    this.#now = now;
  }

  async current(signal: AbortSignal): Promise<Credentials> {
    const tokens = this.#isOld(this.#tokens) ? await raceAbort(this.#renew(), signal) : this.#tokens;
    return this.#credentials(tokens);
  }

  async renewed(refused: Credentials, signal: AbortSignal): Promise<Credentials | null> {
    const isOther = this.#tokens.accessToken !== refused.bearer;
    const tokens = isOther ? this.#tokens : await raceAbort(this.#renew(), signal);
    return tokens.accessToken === refused.bearer ? null : this.#credentials(tokens);
  }

  #isOld({ accessToken, refreshedAtMs }: StoredTokens): boolean {
    const now = this.#now();
    const endsAtMs = expiryOf(accessToken);
    if (endsAtMs !== null && now > endsAtMs - EARLY_MS) return true;
    return refreshedAtMs !== null && now - refreshedAtMs > MAX_AGE_MS;
  }

  /** Shared by all who wait: an interrupt of one must not waste the refresh token. */
  #renew(): Promise<StoredTokens> {
    this.#renewing ??= withAuthLock(this.#settings.home, new AbortController().signal, () => this.#renewLocked())
      .then((tokens) => {
        this.#tokens = tokens;
        return tokens;
      })
      .finally(() => {
        this.#renewing = null;
      });
    return this.#renewing;
  }

  async #renewLocked(): Promise<StoredTokens> {
    const { home, env, signIn } = this.#settings;
    const { tokens: stored = null, fault = 'you have logged out: run `keel login`' } = readStoredKey(home) ?? {};
    if (stored === null) throw new KeelError('missingCredentials', fault);
    if (stored.accessToken !== this.#tokens.accessToken) return stored;
    const clientId = signIn.clientId ?? accountOf(stored.idToken).clientId;
    if (clientId === null)
      throw new KeelError('missingCredentials', 'chatgpt_client_id is not set: run `keel login` again');
    const transport = new HttpTransport({ env });
    try {
      const issuer = new Issuer({ issuer: signIn.issuer, clientId, transport, nowMs: this.#now });
      const tokens = await issuer.refresh(stored, new AbortController().signal);
      storeTokens({ home, store: 'where-it-is' }, tokens);
      return tokens;
    } finally {
      transport.close();
    }
  }

  #credentials(tokens: StoredTokens): Credentials {
    const { provider, env } = this.#settings;
    const own = signedIn(tokens, this.#path);
    return { ...own, headers: { ...environmentHeaders(provider, env), ...own.headers } };
  }
}
