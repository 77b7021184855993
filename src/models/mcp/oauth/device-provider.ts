import { setTimeout as sleep } from 'node:timers/promises';
import {
  type FetchLike,
  type OAuthDiscoveryState,
  OAuthError,
  type StoredOAuthClientInformation,
  selectClientAuthMethod,
} from '@modelcontextprotocol/client';
import * as z from 'zod/mini';
import { parseJson } from '../../../foundation/util/index.ts';
import { refuseInsecure } from './insecure-address.ts';
import { DEVICE_GRANT, SignInProvider, type SignInProviderOptions } from './sign-in-provider.ts';

/** RFC 8628, section 3.5: how much longer to wait after a `slow_down`, and how long between requests where nothing is said. */
const SLOWER_MS = 5_000;
const DEFAULT_INTERVAL_S = 5;
/** Between two requests at least, whatever the server says. */
const MIN_WAIT_MS = 1_000;
/** No code is waited for longer, whatever the server says, s. */
const MAX_LIFETIME_S = 30 * 60;
const MAX_CODE_CHARS = 100;
/** Some servers' name for where a code is entered, from a draft of the standard. */
const Answer = z.looseObject({
  device_code: z.string(),
  user_code: z.string().check(z.maxLength(MAX_CODE_CHARS)),
  verification_uri: z.optional(z.string()),
  verification_url: z.optional(z.string()),
  verification_uri_complete: z.optional(z.string()),
  expires_in: z.number().check(z.positive()),
  interval: z.optional(z.number().check(z.nonnegative())),
});
const Endpoint = z.looseObject({ issuer: z.string(), device_authorization_endpoint: z.optional(z.string()) });

/** What the user does: open the address in a browser anywhere, and enter the code there. */
export interface ShownCode {
  readonly address: string;
  readonly code: string;
  /** An address that brings the code with it; null: there is none. */
  readonly complete: string | null;
}

export interface DeviceProviderOptions extends SignInProviderOptions {
  /** The authorization server's, that gives out codes. */
  readonly endpoint: string;
  readonly onCode: (code: ShownCode) => void;
  readonly fetchFn: FetchLike;
  readonly signal: AbortSignal;
  /** Lets the time between two requests pass, ms. Absent: by the clock. */
  readonly wait?: Wait | undefined;
}

export type Wait = (ms: number, signal: AbortSignal) => Promise<void>;

interface Started {
  readonly deviceCode: string;
  readonly endsAtMs: number;
}

/** A sign-in by a code that the user enters in a browser on another machine (RFC 8628), as the protocol's library drives it. */
export class DeviceProvider extends SignInProvider {
  readonly #options: DeviceProviderOptions;
  #started: Started | null = null;
  #waitMs = 0;

  constructor(options: DeviceProviderOptions) {
    super(options);
    this.#options = options;
  }

  /** Asks for the tokens once. @returns whether they came; false: the user has not entered the code yet @throws what `ask` throws */
  async isDone(ask: () => Promise<unknown>): Promise<boolean> {
    try {
      await ask();
      return true;
    } catch (error) {
      const code: unknown = error instanceof OAuthError ? error.code : null;
      if (code === 'expired_token') throw new Error('the code was not entered in time', { cause: error });
      if (code === 'slow_down') this.#waitMs += SLOWER_MS;
      if (code === 'slow_down' || code === 'authorization_pending') return false;
      throw error;
    }
  }

  /** What the library sends for tokens. */
  async prepareTokenRequest(scope?: string): Promise<URLSearchParams> {
    const { signal, wait = byClock } = this.#options;
    this.#started ??= await this.#start(scope ?? null);
    const leftMs = this.#started.endsAtMs - Date.now();
    if (leftMs <= 0) throw new Error('the code was not entered in time');
    await wait(Math.min(this.#waitMs, leftMs), signal);
    return new URLSearchParams({ grant_type: DEVICE_GRANT, device_code: this.#started.deviceCode });
  }

  /** A code belongs to the client that has asked for it. One that is refused is not replaced by another. */
  override invalidateCredentials(...[scope]: Parameters<SignInProvider['invalidateCredentials']>): void {
    super.invalidateCredentials(scope);
    if (scope === 'all' || scope === 'client') this.#started = null;
  }

  async #start(scope: string | null): Promise<Started> {
    const { endpoint, fetchFn, onCode } = this.#options;
    this.asksFor(scope);
    const body = new URLSearchParams(scope === null ? {} : { scope });
    const { resource } = this;
    if (resource !== null) body.set('resource', resource);
    const client = this.clientInformation();
    if (client === undefined) throw new Error('keel is not registered with the authorization server');
    const headers = authenticate(client, this.discoveryState(), body);
    const response = await fetchFn(endpoint, { method: 'POST', headers, body, redirect: 'error' });
    const { data } = z.safeParse(Answer, response.ok ? parseJson(await response.text()) : null);
    const address = data?.verification_uri ?? data?.verification_url;
    if (data === undefined || address === undefined) {
      throw new Error(`the authorization server gave out no code (status ${response.status})`);
    }
    const complete = data.verification_uri_complete ?? null;
    for (const page of [address, complete ?? address]) refuseInsecure(page, 'the address where the code is entered');
    this.#waitMs = Math.max(1_000 * (data.interval ?? DEFAULT_INTERVAL_S), MIN_WAIT_MS);
    onCode({ address, code: data.user_code, complete });
    const lifetimeMs = 1_000 * Math.min(data.expires_in, MAX_LIFETIME_S);
    return { deviceCode: data.device_code, endsAtMs: Date.now() + lifetimeMs };
  }
}

/**
 * Where an authorization server gives out codes; null: it gives out none. The library drops what it does not know of an OpenID document.
 * @throws Error for a server whose address is insecure; the reason of `signal`
 */
export async function deviceEndpoint(
  discovery: OAuthDiscoveryState,
  fetchFn: FetchLike,
  signal: AbortSignal,
): Promise<string | null> {
  const known = z.safeParse(Endpoint, discovery.authorizationServerMetadata).data;
  if (known === undefined || known.device_authorization_endpoint !== undefined) {
    return known?.device_authorization_endpoint ?? null;
  }
  refuseInsecure(known.issuer, "the authorization server's address");
  try {
    const document = await fetchFn(`${known.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
    if (!document.ok) return null;
    const openId = z.safeParse(Endpoint, parseJson(await document.text())).data;
    return openId?.issuer === known.issuer ? (openId.device_authorization_endpoint ?? null) : null;
  } catch {
    signal.throwIfAborted();
    // Many servers have no such document, and the sign-in by the browser does not need it.
    return null;
  }
}

async function byClock(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal });
}

/** Says who asks (RFC 6749, section 2.3). @returns the headers; `body` gets the rest */
function authenticate(
  client: StoredOAuthClientInformation,
  { authorizationServerMetadata: metadata }: Partial<OAuthDiscoveryState> = {},
  body: URLSearchParams,
): Record<string, string> {
  const { client_id: id, client_secret: secret } = client;
  const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
  const method = selectClientAuthMethod(client, metadata?.token_endpoint_auth_methods_supported ?? []);
  body.set('client_id', id);
  if (secret !== undefined && method === 'client_secret_post') body.set('client_secret', secret);
  if (secret === undefined || method !== 'client_secret_basic') return headers;
  return { ...headers, authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` };
}
