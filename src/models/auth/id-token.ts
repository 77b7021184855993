import { asObject, type JsonObject, numberField, objectField, parseJson, stringField } from '../json/index.ts';

/** Under this name OpenAI's tokens say whose account it is. */
const OPENAI_CLAIMS = 'https://api.openai.com/auth';

export interface Account {
  readonly email: string | null;
  readonly plan: string | null;
  readonly accountId: string | null;
  /** By which the program that got the token is registered. */
  readonly clientId: string | null;
}

/** Whom an id token names. It came from the issuer itself, so nothing is verified; what can't be read is null. */
export function accountOf(idToken: string): Account {
  const claims = claimsOf(idToken);
  const own = objectField(claims, OPENAI_CLAIMS);
  const audience = claims?.['aud'];
  const first: unknown = Array.isArray(audience) ? audience[0] : audience;
  return {
    email: stringField(claims, 'email'),
    plan: stringField(own, 'chatgpt_plan_type'),
    accountId: stringField(own, 'chatgpt_account_id'),
    clientId: typeof first === 'string' ? first : null,
  };
}

/** When a token ends, ms since 1970; null if it is no JSON Web Token, or does not say. */
export function expiryOf(token: string): number | null {
  const seconds = numberField(claimsOf(token), 'exp');
  return seconds === null ? null : seconds * 1_000;
}

function claimsOf(token: string): JsonObject | null {
  const [, claims = ''] = token.split('.');
  return asObject(parseJson(Buffer.from(claims, 'base64url').toString('utf8')));
}
