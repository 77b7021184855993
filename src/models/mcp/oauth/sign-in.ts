import {
  auth,
  computeScopeUnion,
  discoverOAuthServerInfo,
  extractWWWAuthenticateParams,
  type FetchLike,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import { randomBytes } from '../../../foundation/util/index.ts';
import type { CredentialFile, Environment, McpHttpServer, McpServer, SignIn } from '../../../storage/config/index.ts';
import { CallbackServer, type CallbackServerOptions } from '../../sign-in/index.ts';
import { documentFetch } from '../bounded-fetch.ts';
import { serverHeaders } from '../server-environment.ts';
import { DeviceProvider, deviceEndpoint, type ShownCode, type Wait } from './device-provider.ts';
import { refuseInsecure } from './insecure-address.ts';
import { SignInProvider } from './sign-in-provider.ts';

const STATE_BYTES = 32;
/** How long the user may take in the browser on this machine, ms. A code that is entered elsewhere has a limit of its own. */
const USER_MS = 300_000;
/** Any request does: a server that wants a sign-in refuses it with what there is to know. */
const PROBE = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'ping' });

export interface SignInOptions {
  readonly server: McpServer & { readonly transport: McpHttpServer };
  readonly env: Environment;
  readonly file: CredentialFile;
  /** What to ask for in place of what settings and server say; null: those. */
  readonly scopes: readonly string[] | null;
  /** `device`: the user enters a code in a browser anywhere. `deviceIfOffered`: so where the authorization server has codes. */
  readonly way: 'browser' | 'device' | 'deviceIfOffered';
  /** Gets the address that the user has to open in a browser on this machine. Does not wait for the browser. */
  readonly onAddress: (address: URL) => void;
  readonly onCode: (code: ShownCode) => void;
  readonly signal: AbortSignal;
  /** See `DeviceProviderOptions`. */
  readonly wait?: Wait;
}

/** A sign-in that has begun: what the server and its authorization server have said of themselves. */
interface Begun {
  readonly options: SignInOptions;
  readonly before: SignIn | null;
  readonly discovery: OAuthDiscoveryState;
  readonly authOptions: Parameters<typeof auth>[1];
  readonly fetchFn: FetchLike;
}

/**
 * Signs the user in to a server, by the authorization code grant with PKCE or by a code for devices (RFC 8628), and keeps the sign-in
 * in the file.
 * @throws Error with a reason for the user, or the reason of `signal`
 */
export async function signIn(options: SignInOptions): Promise<void> {
  const { server, file, way, signal } = options;
  const { url } = server.transport;
  refuseInsecure(url, 'its url');
  const before = file.read(server);
  const fetchFn = (address: string | URL, init?: RequestInit) => documentFetch(address, { ...init, signal });
  const challenge = await challengeOf(options, signal);
  const { resourceMetadataUrl } = challenge;
  const place = resourceMetadataUrl === undefined ? {} : { resourceMetadataUrl };
  const discovery = {
    ...(await discoverOAuthServerInfo(url, { fetchFn, ...place })),
    ...(resourceMetadataUrl === undefined ? {} : { resourceMetadataUrl: resourceMetadataUrl.href }),
  };
  const scope = scopeOf(options, before, challenge.scope);
  const asked = { forceReauthorization: true, ...(scope === undefined ? {} : { scope }) };
  const begun = { options, before, discovery, fetchFn, authOptions: { serverUrl: url, fetchFn, ...place, ...asked } };
  const endpoint = way === 'browser' ? null : await deviceEndpoint(discovery, fetchFn, signal);
  if (endpoint !== null) return await byCode(begun, endpoint);
  if (way === 'device') throw new Error('the authorization server gives out no codes for devices');
  await byBrowser(begun);
}

async function byBrowser({ options, before, discovery, authOptions, fetchFn }: Begun): Promise<void> {
  const { server, file, onAddress } = options;
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(USER_MS)]);
  const state = randomBytes(STATE_BYTES).toString('base64url');
  await using callback = await openCallback(server.transport.oauth.callbackPort, before, { state, signal });
  const provider = new SignInProvider({
    serverUrl: server.transport.url,
    redirectUrl: callback.url,
    state,
    client: clientOf(options, before, callback.url),
    discovery,
    onAddress: (address) => {
      refuseInsecure(String(address), "the authorization server's address");
      return onAddress(address);
    },
    onSignedIn: async (entry) => void (await file.write(server.name, entry, signal)),
  });
  await auth(provider, authOptions);
  await callback.answered(async (answer) => {
    // The library's own order: whose answer it is, then what it says.
    const target = new URL(server.transport.url);
    const transport = new StreamableHTTPClientTransport(target, { authProvider: provider, fetch: fetchFn });
    await transport.finishAuth(answer);
  }, signal);
}

async function byCode({ options, before, discovery, authOptions, fetchFn }: Begun, endpoint: string): Promise<void> {
  const { server, file, onCode, signal, wait } = options;
  refuseInsecure(endpoint, "the authorization server's address");
  const provider = new DeviceProvider({
    serverUrl: server.transport.url,
    redirectUrl: null,
    state: '',
    client: clientOf(options, before, null),
    discovery,
    endpoint,
    onAddress: () => undefined,
    onCode,
    onSignedIn: async (entry) => void (await file.write(server.name, entry, signal)),
    fetchFn,
    signal,
    wait,
  });
  while (!(await provider.isDone(() => auth(provider, authOptions)))) signal.throwIfAborted();
}

/** A client that was registered with another address to come back to is of no use: the port of the last time is tried first. */
async function openCallback(
  port: number | null,
  before: SignIn | null,
  rest: Pick<CallbackServerOptions, 'state' | 'signal'>,
): Promise<CallbackServer> {
  const options = { ...rest, host: '127.0.0.1', path: '/callback' } as const;
  const earlier = Number(URL.parse(before?.redirect_url ?? '')?.port ?? '');
  if (port !== null || !(earlier > 0)) return await CallbackServer.open({ ...options, port });
  return await CallbackServer.open({ ...options, port: earlier }).catch(() => {
    rest.signal.throwIfAborted();
    return CallbackServer.open({ ...options, port: null });
  });
}

function clientOf(
  { server, env }: SignInOptions,
  before: SignIn | null,
  redirectUrl: string | null,
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
