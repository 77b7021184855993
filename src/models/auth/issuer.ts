import { KeelError } from '../../foundation/protocol/index.ts';
import { maskSecrets } from '../../foundation/secrets/index.ts';
import { printable, reasonOf } from '../../foundation/util/index.ts';
import type { StoredTokens } from '../../storage/config/index.ts';
import type { Transport } from '../client/index.ts';
import { asObject, type JsonObject, parseJson, stringField } from '../json/index.ts';
import { accountOf } from './id-token.ts';

/** An issuer answers in words at most. */
const MAX_ANSWER_CHARS = 256 * 1024;
const ANSWER_MS = 60_000;
const MAX_REASON_CHARS = 300;

export interface IssuerOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly transport: Transport;
  readonly nowMs: () => number;
}

export interface IssuerAnswer {
  readonly status: number;
  readonly body: JsonObject;
}

/** The server that gives out tokens (OAuth 2.0, RFC 6749). Its errors are in words, without what was sent or what came. */
export class Issuer {
  readonly url: string;
  readonly clientId: string;
  readonly #transport: Transport;
  readonly #now: () => number;

  constructor({ issuer, clientId, transport, nowMs }: IssuerOptions) {
    this.url = issuer;
    this.clientId = clientId;
    this.#transport = transport;
    this.#now = nowMs;
  }

  /** The tokens for a code that a browser or a device brought (RFC 7636, 4.5). @throws KeelError `unauthorized` */
  async exchange(
    { code, verifier, redirectUri }: { readonly code: string; readonly verifier: string; readonly redirectUri: string },
    signal: AbortSignal,
  ): Promise<StoredTokens> {
    const form = new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      client_id: this.clientId,
      code_verifier: verifier,
    });
    const sent = { type: 'application/x-www-form-urlencoded', text: form.toString() };
    const answer = await this.#post('/oauth/token', sent, signal);
    const tokens = answer.status === 200 ? this.#tokens(answer.body, null) : null;
    if (tokens === null) throw refused('the sign-in was not completed', answer);
    return tokens;
  }

  /** New tokens for old ones; what the issuer does not send again stays as it is. @throws KeelError `unauthorized` */
  async refresh(old: StoredTokens, signal: AbortSignal): Promise<StoredTokens> {
    const body = {
      client_id: this.clientId,
      grant_type: 'refresh_token',
      refresh_token: old.refreshToken,
      scope: 'openid profile email',
    };
    const answer = await this.post('/oauth/token', body, signal);
    const tokens = answer.status === 200 ? this.#tokens(answer.body, old) : null;
    if (tokens === null) throw refused('the sign-in has ended: run `keel login` again', answer);
    return tokens;
  }

  /** @throws KeelError `httpConnectionFailed` if no answer comes */
  post(path: string, body: object, signal: AbortSignal): Promise<IssuerAnswer> {
    return this.#post(path, { type: 'application/json', text: JSON.stringify(body) }, signal);
  }

  async #post(
    path: string,
    { type, text }: { readonly type: string; readonly text: string },
    signal: AbortSignal,
  ): Promise<IssuerAnswer> {
    const headers = { Accept: 'application/json', 'Content-Type': type };
    const request = { method: 'POST', url: `${this.url}${path}`, headers, body: [Buffer.from(text)] } as const;
    try {
      const response = await this.#transport.send(request, AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]));
      let answer = '';
      for await (const chunk of response.text) {
        answer += chunk;
        if (answer.length > MAX_ANSWER_CHARS) break;
      }
      response.release();
      return { status: response.status, body: asObject(parseJson(answer)) ?? {} };
    } catch (error) {
      signal.throwIfAborted();
      const host = new URL(this.url).host;
      throw new KeelError(
        'httpConnectionFailed',
        `could not reach ${host} to sign in: ${maskSecrets(reasonOf(error), [])}`,
      );
    }
  }

  #tokens(body: JsonObject, old: StoredTokens | null): StoredTokens | null {
    const accessToken = stringField(body, 'access_token') ?? old?.accessToken;
    const refreshToken = stringField(body, 'refresh_token') ?? old?.refreshToken;
    const idToken = stringField(body, 'id_token') ?? old?.idToken;
    if (!accessToken || !refreshToken || !idToken) return null;
    const accountId = accountOf(idToken).accountId ?? old?.accountId ?? null;
    return { accessToken, refreshToken, idToken, accountId, refreshedAtMs: this.#now() };
  }
}

/** Only the words that RFC 6749 (5.2) has for people: anything else may have a token in it. */
function refused(what: string, { status, body }: IssuerAnswer): KeelError {
  const error = asObject(body['error']);
  const reason =
    stringField(body, 'error_description') ??
    stringField(error, 'message') ??
    stringField(body, 'error') ??
    `status ${status}`;
  return new KeelError('unauthorized', `${what} (${printable(maskSecrets(reason, [])).slice(0, MAX_REASON_CHARS)})`);
}
