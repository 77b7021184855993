import { join } from 'node:path';
import {
  type AuthProvider,
  discoverAuthorizationServerMetadata,
  OAuthError,
  refreshAuthorization,
} from '@modelcontextprotocol/client';
import { withFileLock } from '../../../foundation/files/index.ts';
import type { CredentialFile, McpServer, SignIn } from '../../../storage/config/index.ts';
import { documentFetch } from '../bounded-fetch.ts';

/** A token that ends within this time is not used any more, ms. */
const SPARE_MS = 30_000;
/** Another process may refresh the same token: it takes a few round trips. */
const LOCK_WAIT_MS = 60_000;

/** The server wants the user to sign in. */
export class SignInNeeded extends Error {}

export interface ServerAuthOptions {
  readonly server: McpServer;
  readonly file: CredentialFile;
  /** keel's, for locks. */
  readonly home: string;
  /** Ends what is still asked for when the connection is closed. */
  readonly signal: AbortSignal;
}

/** Gives a server over HTTP the token of the user's sign-in, refreshed by one process at a time. It asks the user nothing. */
export class ServerAuth implements AuthProvider {
  readonly #options: ServerAuthOptions;
  #used: string | null = null;

  constructor(options: ServerAuthOptions) {
    this.#options = options;
  }

  async token(): Promise<string | undefined> {
    const entry = this.#read();
    if (entry === null) return undefined;
    const isFresh = entry.expires_at === null || entry.expires_at - Date.now() > SPARE_MS;
    const current = isFresh ? entry : ((await this.#refreshed(entry.tokens.access_token)) ?? entry);
    this.#used = current.tokens.access_token;
    return this.#used;
  }

  /** @throws SignInNeeded unless the request can be sent again with another token */
  async onUnauthorized(): Promise<void> {
    if (this.#used === null || (await this.#refreshed(this.#used)) === null) throw new SignInNeeded();
  }

  /** Keeps what a server has asked for beyond the token, for the next sign-in. */
  async want(scope: string): Promise<void> {
    const { server, file, signal } = this.#options;
    const entry = this.#read();
    if (entry !== null) await file.write(server.name, { ...entry, wanted_scope: scope }, signal);
  }

  #read(): SignIn | null {
    return this.#options.file.read(this.#options.server);
  }

  /** The sign-in with another token than the one that is of no use; null if there is none to be had. */
  async #refreshed(useless: string): Promise<SignIn | null> {
    const { server, home, signal } = this.#options;
    const wait = AbortSignal.any([signal, AbortSignal.timeout(LOCK_WAIT_MS)]);
    return await withFileLock(join(home, 'cache', 'mcp', `${server.name}.lock`), wait, async () => {
      const entry = this.#read();
      // Another process was faster, or the user has signed in again.
      if (entry === null || entry.tokens.access_token !== useless) return entry;
      return await this.#refresh(entry);
    });
  }

  async #refresh(entry: SignIn): Promise<SignIn | null> {
    const { server, file, signal } = this.#options;
    const { client, tokens, authorization_server: issuer, resource } = entry;
    if (tokens.refresh_token === undefined) return null;
    const fetchFn = (url: string | URL, init?: RequestInit) => documentFetch(url, { ...init, signal });
    try {
      const metadata = await discoverAuthorizationServerMetadata(issuer, { fetchFn });
      const refreshed = await refreshAuthorization(issuer, {
        ...(metadata === undefined ? {} : { metadata }),
        ...(resource === null ? {} : { resource }),
        clientInformation: client,
        refreshToken: tokens.refresh_token,
        fetchFn,
      });
      const next = { ...entry, tokens: { scope: tokens.scope, ...refreshed }, expires_at: expiryOf(refreshed) };
      await file.write(server.name, next, signal);
      return next;
    } catch (error) {
      // The authorization server has taken the sign-in back: the user has to sign in again.
      if (error instanceof OAuthError && error.code !== 'server_error') return null;
      throw error;
    }
  }
}

/** When an access token ends, ms since 1970; null: not known. */
export function expiryOf({ expires_in: seconds }: { readonly expires_in?: number | undefined }): number | null {
  return seconds === undefined ? null : Date.now() + seconds * 1_000;
}
