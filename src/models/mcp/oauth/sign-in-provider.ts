import type {
  OAuthClientMetadata,
  OAuthClientProvider,
  OAuthDiscoveryState,
  StoredOAuthClientInformation,
  StoredOAuthTokens,
} from '@modelcontextprotocol/client';
import type { SignIn } from '../../../storage/config/index.ts';
import { expiryOf } from './server-auth.ts';

/** The grant type of a sign-in by a code (RFC 8628, section 3.4). */
export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

export interface SignInProviderOptions {
  readonly serverUrl: string;
  /** Where the browser comes back to; null: it does not, since the user enters a code elsewhere. */
  readonly redirectUrl: string | null;
  readonly state: string;
  /** What is known of the server's authorization server. */
  readonly discovery: OAuthDiscoveryState;
  /** A client that the user has registered, or that keel has before; null: keel registers itself. */
  readonly client: StoredOAuthClientInformation | null;
  /** Gets the address that the user has to open. */
  readonly onAddress: (address: URL) => void;
  /** Gets the finished sign-in, once. */
  readonly onSignedIn: (entry: SignIn) => Promise<void>;
}

/** One sign-in, as the protocol's library drives it. Keeps what that needs between its two halves in memory. */
export class SignInProvider implements OAuthClientProvider {
  readonly #options: SignInProviderOptions;
  #client: StoredOAuthClientInformation | null;
  #verifier = '';
  #discovery: OAuthDiscoveryState | undefined;
  #resource: string | null = null;
  #scope: string | null = null;

  constructor(options: SignInProviderOptions) {
    this.#options = options;
    this.#client = options.client;
    this.#discovery = options.discovery;
  }

  get redirectUrl(): string | undefined {
    return this.#options.redirectUrl ?? undefined;
  }

  get clientMetadata(): OAuthClientMetadata {
    const { redirectUrl } = this.#options;
    const flow =
      redirectUrl === null
        ? { application_type: 'native', redirect_uris: [], grant_types: [DEVICE_GRANT], response_types: [] }
        : { redirect_uris: [redirectUrl], grant_types: ['authorization_code'], response_types: ['code'] };
    return {
      ...flow,
      client_name: 'keel',
      grant_types: [...flow.grant_types, 'refresh_token'],
      token_endpoint_auth_method: 'none',
    };
  }

  state(): string {
    return this.#options.state;
  }

  clientInformation(): StoredOAuthClientInformation | undefined {
    return this.#client ?? undefined;
  }

  saveClientInformation(client: StoredOAuthClientInformation): void {
    this.#client = client;
  }

  /** What was there before is of no use to a new sign-in. */
  tokens(): undefined {
    return undefined;
  }

  async saveTokens(tokens: StoredOAuthTokens): Promise<void> {
    const server = this.#discovery?.authorizationServerUrl;
    if (this.#client === null || server === undefined) throw new Error('the sign-in is not complete');
    // A server that grants what was asked for need not say what that was (RFC 6749, section 5.1).
    const scope = tokens.scope ?? this.#scope;
    await this.#options.onSignedIn({
      url: this.#options.serverUrl,
      client: { ...this.#client },
      redirect_url: this.#options.redirectUrl,
      tokens: { ...tokens, ...(scope === null ? {} : { scope }) },
      expires_at: expiryOf(tokens),
      authorization_server: server,
      resource: this.#resource,
    });
  }

  async redirectToAuthorization(address: URL): Promise<void> {
    this.asksFor(address.searchParams.get('scope'));
    this.#options.onAddress(address);
  }

  /** What the tokens are for (RFC 8707). */
  protected get resource(): string | null {
    return this.#resource;
  }

  /** Keeps the scope that is asked for. */
  protected asksFor(scope: string | null): void {
    this.#scope = scope;
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }

  codeVerifier(): string {
    return this.#verifier;
  }

  saveResourceUrl(resource: string): void {
    this.#resource = resource;
  }

  saveDiscoveryState(state: OAuthDiscoveryState): void {
    this.#discovery = state;
  }

  discoveryState(): OAuthDiscoveryState | undefined {
    return this.#discovery;
  }

  /** A client that the authorization server has forgotten is registered again. */
  invalidateCredentials(scope: 'all' | 'client' | 'tokens' | 'verifier' | 'discovery'): void {
    if (scope === 'all' || scope === 'client') this.#client = null;
    if (scope === 'all' || scope === 'discovery') this.#discovery = undefined;
  }
}
