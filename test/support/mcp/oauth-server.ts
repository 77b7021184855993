import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type HttpMcpServer, httpMcpServer, type Message } from './http-server.ts';

export interface OAuthMcpServer extends HttpMcpServer {
  /** What was asked of the token endpoint, oldest first. */
  readonly grants: URLSearchParams[];
  /** What was asked of the authorization endpoint, oldest first. */
  readonly authorizations: URLSearchParams[];
  readonly registrations: unknown[];
  /** What was asked of the endpoint that gives out codes for devices, oldest first. */
  readonly codes: URLSearchParams[];
  /** Every token that was given out. */
  readonly tokens: string[];
  /** No token counts any more; those that refresh do. */
  expire(): void;
  /** Nothing that was given out counts any more. */
  revoke(): void;
}

export interface OAuthMcpServerOptions {
  /** How long a token is said to be good, seconds; absent: nothing is said. */
  readonly expiresIn?: number;
  /** A tool that takes a scope of this name. */
  readonly scopedTool?: { readonly tool: string; readonly scope: string };
  /** The authorization server registers nobody. */
  readonly withoutRegistration?: boolean;
  /** Codes for devices are given out, and the requests for tokens answered with these errors at first. */
  readonly device?: {
    readonly errors: readonly string[];
    readonly isOpenIdOnly?: boolean;
    readonly page?: string;
    readonly interval?: number;
    readonly expiresIn?: number;
  };
  /** What is at the address of the OpenID document: a page, or a connection that breaks. Absent: nothing, or the document. */
  readonly openId?: 'page' | 'broken';
}

/** An MCP server that wants a sign-in, with its authorization server, which asks the user nothing. */
export async function oauthMcpServer(options: OAuthMcpServerOptions = {}): Promise<OAuthMcpServer> {
  const state = new AuthorizationServer(options);
  const server = await httpMcpServer({ gate: (request, response, rpc) => state.answer(request, response, rpc) });
  state.origin = new URL(server.url).origin;
  return Object.assign(server, {
    grants: state.grants,
    authorizations: state.authorizations,
    registrations: state.registrations,
    codes: state.codes,
    tokens: state.tokens,
    expire: () => state.access.clear(),
    revoke: () => {
      state.access.clear();
      state.refresh.clear();
    },
  });
}

class AuthorizationServer {
  readonly grants: URLSearchParams[] = [];
  readonly authorizations: URLSearchParams[] = [];
  readonly registrations: unknown[] = [];
  readonly codes: URLSearchParams[] = [];
  readonly tokens: string[] = [];
  /** By token, the scope it is good for. */
  readonly access = new Map<string, string>();
  readonly refresh = new Map<string, string>();
  readonly #codes = new Map<string, URLSearchParams>();
  readonly #options: OAuthMcpServerOptions;
  origin = '';

  constructor(options: OAuthMcpServerOptions) {
    this.#options = options;
  }

  async answer(request: IncomingMessage, response: ServerResponse, rpc: Message): Promise<boolean> {
    const url = new URL(request.url ?? '', this.origin);
    switch (url.pathname) {
      case '/mcp':
        return this.#guard(request, response, rpc);
      case '/.well-known/oauth-protected-resource/mcp':
        return json(response, 200, { resource: `${this.origin}/mcp`, authorization_servers: [this.origin] });
      case '/.well-known/oauth-authorization-server':
        return this.#options.device?.isOpenIdOnly ? json(response, 404, {}) : json(response, 200, this.#metadata());
      case '/.well-known/openid-configuration':
        if (this.#options.openId !== undefined) return noDocument(response, this.#options.openId);
        return json(response, this.#options.device?.isOpenIdOnly ? 200 : 404, {
          ...this.#metadata(),
          jwks_uri: `${this.origin}/keys`,
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
        });
      case '/device':
        return this.#giveCode(response, new URLSearchParams(await textOf(request)));
      case '/register':
        return this.#register(response, JSON.parse(await textOf(request)));
      case '/authorize':
        return this.#authorize(response, url.searchParams);
      case '/token':
        return this.#grant(response, new URLSearchParams(await textOf(request)));
      default:
        return json(response, 404, {});
    }
  }

  #metadata(): object {
    const at = (path: string) => `${this.origin}/${path}`;
    return {
      issuer: this.origin,
      authorization_endpoint: at('authorize'),
      token_endpoint: at('token'),
      ...(this.#options.device === undefined ? {} : { device_authorization_endpoint: at('device') }),
      ...(this.#options.withoutRegistration ? {} : { registration_endpoint: at('register') }),
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none'],
    };
  }

  #guard(request: IncomingMessage, response: ServerResponse, rpc: Message): boolean {
    const [, token = ''] = (request.headers.authorization ?? '').split(' ');
    const scope = this.access.get(token);
    const metadata = `resource_metadata="${this.origin}/.well-known/oauth-protected-resource/mcp"`;
    if (scope === undefined) return challenge(response, 401, `Bearer ${metadata}`);
    const { scopedTool } = this.#options;
    if (scopedTool === undefined || rpc.params?.name !== scopedTool.tool) return false;
    if (scope.split(' ').includes(scopedTool.scope)) return false;
    return challenge(response, 403, `Bearer error="insufficient_scope", scope="${scopedTool.scope}", ${metadata}`);
  }

  #register(response: ServerResponse, asked: object): boolean {
    this.registrations.push(asked);
    return json(response, 201, { ...asked, client_id: `client-${this.registrations.length}` });
  }

  #authorize(response: ServerResponse, asked: URLSearchParams): boolean {
    this.authorizations.push(asked);
    const code = randomUUID();
    this.#codes.set(code, asked);
    const back = new URL(asked.get('redirect_uri') ?? '');
    back.searchParams.set('code', code);
    back.searchParams.set('state', asked.get('state') ?? '');
    response.writeHead(302, { location: back.href }).end();
    return true;
  }

  #giveCode(response: ServerResponse, asked: URLSearchParams): boolean {
    this.codes.push(asked);
    return json(response, 200, {
      device_code: `device-${this.codes.length}`,
      user_code: 'WDJB-MJHT',
      verification_uri: this.#options.device?.page ?? `${this.origin}/enter`,
      verification_uri_complete: `${this.origin}/enter?user_code=WDJB-MJHT`,
      expires_in: this.#options.device?.expiresIn ?? 60,
      interval: this.#options.device?.interval ?? 5,
    });
  }

  #grant(response: ServerResponse, asked: URLSearchParams): boolean {
    this.grants.push(asked);
    const isRefresh = asked.get('grant_type') === 'refresh_token';
    const device = /^device-(\d+)$/.exec(asked.get('device_code') ?? '')?.[1];
    const error = device === undefined ? undefined : this.#options.device?.errors[this.grants.length - 1];
    if (error !== undefined) return json(response, 400, { error });
    const old = asked.get('refresh_token') ?? '';
    const code = this.#codes.get(asked.get('code') ?? '');
    const proof = createHash('sha256')
      .update(asked.get('code_verifier') ?? '')
      .digest('base64url');
    const given = device === undefined ? code : this.codes[Number(device) - 1];
    const scope = isRefresh ? this.refresh.get(old) : (given?.get('scope') ?? '');
    if (scope === undefined || (!isRefresh && device === undefined && code?.get('code_challenge') !== proof)) {
      return json(response, 400, { error: 'invalid_grant' });
    }
    // A refresh token is good for one refresh: two processes that use the same lose the sign-in.
    this.refresh.delete(old);
    const tokens = { access_token: `access-${randomUUID()}`, refresh_token: `refresh-${randomUUID()}` };
    this.access.set(tokens.access_token, scope);
    this.refresh.set(tokens.refresh_token, scope);
    this.tokens.push(tokens.access_token, tokens.refresh_token);
    const { expiresIn } = this.#options;
    return json(response, 200, {
      ...tokens,
      token_type: 'Bearer',
      ...(expiresIn === undefined ? {} : { expires_in: expiresIn }),
    });
  }
}

function json(response: ServerResponse, status: number, body: object): boolean {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  return true;
}

function noDocument(response: ServerResponse, kind: 'page' | 'broken'): boolean {
  if (kind === 'broken') response.destroy();
  else response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Sign in</title>');
  return true;
}

function challenge(response: ServerResponse, status: number, words: string): boolean {
  response.writeHead(status, { 'www-authenticate': words }).end();
  return true;
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
