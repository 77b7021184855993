import { asObject, type JsonObject, parseJson, stringField } from '../json/index.ts';

/** A token and when it ends, ms since 1970. */
export interface Token {
  readonly value: string;
  readonly expiresAtMs: number;
}

export interface TokenFacts {
  readonly nowMs: number;
  /** Life of a token that does not say when it ends, ms. */
  readonly lifetimeMs: number;
}

/** gcloud and OAuth; Azure's az; kubectl's plugins (`status.token`); what scripts write. */
const TOKEN_FIELDS = ['access_token', 'accessToken', 'token'] as const;
/** A moment. Numbers are seconds, as az writes them, or milliseconds; texts are dates. */
const MOMENT_FIELDS = [
  'expires_at',
  'expires_on',
  'expirationTimestamp',
  'token_expiry',
  'expiry',
  'expiresOn',
] as const;
/** Larger numbers are milliseconds: as seconds they are thousands of years away. */
const MAX_SECONDS = 100_000_000_000;
/** What a header can carry, without quotes, which no token has (RFC 6750 2.1); no longer than any server takes. */
const SENDABLE = /^[\x21\x23-\x7e]{1,16384}$/;

/** The token that a program printed: alone on a line, or in JSON, where it may say when it ends. Null: there is none. */
export function tokenOf(text: string, { nowMs, lifetimeMs }: TokenFacts): Token | null {
  const whole = asObject(parseJson(text));
  const fields = asObject(whole?.['status']) ?? whole;
  const value =
    (fields === null ? text.trim() : TOKEN_FIELDS.map((name) => stringField(fields, name)).find(Boolean)) ?? '';
  if (!SENDABLE.test(value)) return null;
  const expiresAtMs = (fields === null ? null : expiryOf(fields, nowMs)) ?? nowMs + lifetimeMs;
  return { value, expiresAtMs };
}

function expiryOf(fields: JsonObject, nowMs: number): number | null {
  const seconds = numberIn(fields['expires_in']);
  if (seconds !== null) return nowMs + seconds * 1_000;
  const moments = MOMENT_FIELDS.map((name) => momentOf(fields[name]));
  return moments.find((moment) => moment !== null) ?? null;
}

function momentOf(value: unknown): number | null {
  const number = numberIn(value);
  if (number !== null) return number > MAX_SECONDS ? number : number * 1_000;
  const moment = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(moment) ? null : moment;
}

/** Also one that is written as a text; null for anything else, such as an empty text. */
function numberIn(value: unknown): number | null {
  if (typeof value === 'string' && /^\d+(?:\.\d+)?$/.test(value)) return Number(value);
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
