import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

export interface IssuedRequest {
  readonly path: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

type Reply = readonly [status: number, body: object];

export interface IssuerServer {
  readonly url: string;
  readonly requests: IssuedRequest[];
  count(path: string): number;
}

/** A JSON Web Token with these claims; its signature is none. */
export function jwt(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.c2lnbmF0dXJl`;
}

export const idToken = jwt({
  email: 'me@example.org',
  aud: ['client-1'],
  'https://api.openai.com/auth': { chatgpt_plan_type: 'plus', chatgpt_account_id: 'account-1' },
});

/** Tokens as an issuer gives them out; the secrets of the n-th have its number. */
export function tokensOf(n: number) {
  return { access_token: `access-secret-${n}`, refresh_token: `refresh-secret-${n}`, id_token: idToken };
}

/** An issuer for one test that answers by the path and the fields of a request. */
export async function issuerServer(reply: (request: IssuedRequest) => Reply | Promise<Reply>): Promise<IssuerServer> {
  const requests: IssuedRequest[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const body = await text(incoming);
    const isForm = incoming.headers['content-type'] === 'application/x-www-form-urlencoded';
    const fields: Record<string, unknown> = isForm ? Object.fromEntries(new URLSearchParams(body)) : JSON.parse(body);
    const request = { path: incoming.url ?? '', fields };
    requests.push(request);
    const [status, answer] = await reply(request);
    outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo; // it listens on TCP, so this is the form
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    count: (path) => requests.filter((request) => request.path === path).length,
  };
}

export function challengeOf(verifier: unknown): string {
  return createHash('sha256').update(String(verifier)).digest('base64url');
}
