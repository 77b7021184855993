import {
  auth,
  computeScopeUnion,
  extractWWWAuthenticateParams,
  type StoredOAuthClientInformation,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import { randomBytes } from '../../../foundation/util/index.ts';
import type { CredentialFile, Environment, McpHttpServer, McpServer, SignIn } from '../../../storage/config/index.ts';
import { documentFetch } from '../bounded-fetch.ts';
import { serverHeaders } from '../server-environment.ts';
import { CallbackServer } from './callback-server.ts';
import { SignInProvider } from './sign-in-provider.ts';

const STATE_BYTES = 32;
/** How long the user may take, ms. */
const USER_MS = 300_000;
/** Any request does: a server that wants a sign-in refuses it with what there is to know. */
const PROBE = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'ping' });

export interface SignInOptions {
  readonly server: McpServer & { readonly transport: McpHttpServer };
  readonly env: Environment;
  readonly file: CredentialFile;
  /** What to ask for in place of what settings and server say; null: those. */
  readonly scopes: readonly string[] | null;
  /** Gets the address that the user has to open in a browser on this machine. */
  readonly onAddress: (address: URL) => void | Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Signs the user in to a server by the authorization code grant with PKCE, and keeps the sign-in in the file.
 * @throws Error with a reason for the user, or the reason of `signal`
 */
export async function signIn(options: SignInOptions): Promise<void> {
  const { server, file } = options;
  const { url, oauth } = server.transport;
  refuseInsecure(url, 'its url');
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(USER_MS)]);
  const before = file.read(server);
  const state = randomBytes(STATE_BYTES).toString('base64url');
  const callback = await openCallback(oauth.callbackPort, before, state);
  const fetchFn = (address: string | URL, init?: RequestInit) => documentFetch(address, { ...init, signal });
  try {
    const provider = new SignInProvider({
      serverUrl: url,
      redirectUrl: callback.url,
      state,
      client: clientOf(options, before, callback.url),
      onAddress: (address) => {
        refuseInsecure(String(address), "the authorization server's address");
        return options.onAddress(address);
      },
      onSignedIn: async (entry) => {
        await file.write(server.name, entry, signal);
      },
    });
    const challenge = await challengeOf(options, signal);
    const scope = scopeOf(options, before, challenge.scope);
    const { resourceMetadataUrl } = challenge;
    await auth(provider, {
      serverUrl: url,
      forceReauthorization: true,
      fetchFn,
      ...(scope === undefined ? {} : { scope }),
      ...(resourceMetadataUrl === undefined ? {} : { resourceMetadataUrl }),
    });
    const answer = await callback.answer(signal);
    // The library's own order: whose answer it is, then what it says.
    const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: provider, fetch: fetchFn });
    await transport.finishAuth(answer);
  } finally {
    await callback.close();
  }
}

/** A client that was registered with another address to come back to is of no use. */
async function openCallback(port: number | null, before: SignIn | null, state: string): Promise<CallbackServer> {
  if (port !== null || before === null) return await CallbackServer.open(port, state);
  const earlier = Number(new URL(before.redirect_url).port);
  return await CallbackServer.open(earlier, state).catch(() => CallbackServer.open(null, state));
}

function clientOf(
  { server, env }: SignInOptions,
  before: SignIn | null,
  redirectUrl: string,
): StoredOAuthClientInformation | null {
  const { clientId, clientSecretEnvVar: variable } = server.transport.oauth;
  if (clientId === null) return before?.redirect_url === redirectUrl ? before.client : null;
  if (variable === null) return { client_id: clientId };
  const secret = env[variable]?.trim();
  if (!secret) throw new Error(`the variable ${variable}, which oauth.client_secret_env_var names, is not set`);
  return { client_id: clientId, client_secret: secret };
}

/** What the server says of itself when it refuses a request without a sign-in. */
async function challengeOf({ server, env }: SignInOptions, signal: AbortSignal) {
  const { transport } = server;
  const response = await documentFetch(transport.url, {
    method: 'POST',
    headers: {
      ...serverHeaders(transport, env),
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: PROBE,
    redirect: 'manual',
    signal,
  });
  await response.body?.cancel();
  return response.status === 401 ? extractWWWAuthenticateParams(response) : {};
}

/** Everything that was asked for so far: a new token must not be worth less than the old one. */
function scopeOf({ server, scopes }: SignInOptions, before: SignIn | null, challenged: string | undefined) {
  if (scopes !== null) return scopes.join(' ');
  const earlier = before?.wanted_scope === undefined ? [] : [before.tokens.scope, before.wanted_scope];
  return computeScopeUnion(server.transport.oauth.scopes?.join(' ') ?? challenged, ...earlier);
}

function refuseInsecure(address: string, what: string): void {
  const { protocol, hostname } = new URL(address);
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  if (protocol === 'https:' || (protocol === 'http:' && isLocal)) return;
  throw new Error(`${what} must start with https://, not ${protocol}//`);
}
