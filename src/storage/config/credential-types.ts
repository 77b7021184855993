/** A program of the user's that prints a token. */
export interface AuthCommand {
  /** A name that is looked up in PATH, or an absolute path. */
  readonly program: string;
  readonly args: readonly string[];
  readonly timeoutMs: number;
  /** How long a token that says nothing about it is used. */
  readonly lifetimeMs: number;
}

/** What a sign-in with ChatGPT stored. */
export interface StoredTokens {
  readonly idToken: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly accountId: string | null;
  /** Milliseconds since 1970; null: not known. */
  readonly refreshedAtMs: number | null;
}

/** Where a sign-in with ChatGPT happens. */
export interface SignInSettings {
  readonly issuer: string;
  /** By which keel is registered there; null: that of the tokens that are stored. */
  readonly clientId: string | null;
}

/** What logins stored. */
export interface StoredKey {
  /** For OpenAI. */
  readonly apiKey: string | null;
  /** By provider. */
  readonly keys?: Readonly<Record<string, string>>;
  readonly tokens?: StoredTokens | null;
  /** Where it is, for messages: a file, or the system's keyring. */
  readonly path: string;
  /** Why what is stored can't be read. Absent: it could be. */
  readonly fault?: string;
}
