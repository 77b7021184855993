import { createHash, randomBytes } from 'node:crypto';
import { KeelError } from '../../foundation/protocol/index.ts';
import { printable } from '../../foundation/util/index.ts';
import type { StoredTokens } from '../../storage/config/index.ts';
import { CallbackServer } from '../sign-in/index.ts';
import type { Issuer } from './issuer.ts';

/** The port that sign-ins with ChatGPT are registered for. */
const PORT = 1455;
const SCOPES = 'openid profile email offline_access';
const MAX_REASON_CHARS = 300;

export interface BrowserSignInOptions {
  readonly issuer: Issuer;
  readonly signal: AbortSignal;
  /** Called with the address that the user opens. */
  readonly onAddress: (address: string) => void;
  /** Another one than the registered port; null: any that is free. For tests. */
  readonly port?: number | null;
}

/**
 * Signs in by a browser on this machine (RFC 8252): the code comes to a server on the loopback interface, and is worth nothing
 * without the verifier, which never leaves this process (PKCE, RFC 7636).
 * @throws KeelError `unauthorized` for a sign-in that was refused; the signal's reason
 */
export async function browserSignIn(options: BrowserSignInOptions): Promise<StoredTokens> {
  const { issuer, signal, onAddress, port = PORT } = options;
  const verifier = randomBytes(64).toString('base64url');
  const state = randomBytes(32).toString('base64url');
  await using callback = await CallbackServer.open({ port, host: 'localhost', path: '/auth/callback', state, signal });
  const address = new URL(`${issuer.url}/oauth/authorize`);
  address.search = new URLSearchParams({
    response_type: 'code',
    client_id: issuer.clientId,
    redirect_uri: callback.url,
    scope: SCOPES,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    id_token_add_organizations: 'true',
    state,
  }).toString();
  onAddress(address.href);
  return await callback.answered(
    async (answer) => issuer.exchange({ code: codeOf(answer), verifier, redirectUri: callback.url }, signal),
    signal,
  );
}

function codeOf(answer: URLSearchParams): string {
  const code = answer.get('code');
  if (code !== null && code !== '') return code;
  const reason = answer.get('error_description') ?? answer.get('error') ?? 'it brought no code';
  throw new KeelError('unauthorized', `the sign-in was refused: ${printable(reason).slice(0, MAX_REASON_CHARS)}`);
}
