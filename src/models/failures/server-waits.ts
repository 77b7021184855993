/** Longest wait that a server can ask for, in milliseconds; a longer one would look like a hang. */
const MAX_SERVER_DELAY_MS = 60_000;

type Headers = Readonly<Record<string, string>>;

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** `1m2.5s`, `4s`, `250ms`, `6m0s`, `20 seconds`, `2 minutes`, `1 hour and 5 minutes`; a bare number is seconds. */
const AMOUNT =
  /(\d+(?:\.\d+)?)\s*(ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)?(?![a-z])/gi;
const DURATION = String.raw`(?:\d+(?:\.\d+)?\s*(?:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)(?![a-z])[\s,]*(?:and\s+)?)+`;
/** A number without a unit ends the sentence, behind a word that says it is a time: not the one in `retry with gpt-5`. */
const BARE_SECONDS = String.raw`(?<=\b(?:in|after|for|least|wait)["'\s:=]{1,4})\d+(?=\s*\.?\s*$)`;
const SUGGESTED = new RegExp(
  String.raw`\b(?:try again|retry|retrying|wait|available(?: again)?|resets?)\b[^.\d]{0,40}?(?:in|after|for|at least)?\s*(${DURATION}|${BARE_SECONDS})`,
  'i',
);
/**
 * What is left of a limit and when it resets, by header: OpenAI, Groq, xAI and Azure (`x-ratelimit-…-requests`), OpenRouter
 * (`x-ratelimit-…`), Anthropic (`anthropic-ratelimit-…-tokens-…`).
 */
const RESET_HEADER = /^(x-ratelimit-|anthropic-ratelimit-)(?:reset(?:-(.+))?|(.+)-reset)$/;

/** When a server wants to be asked again, in milliseconds from now. Null: it does not say. */
export function serverDelayMs(headers: Headers, nowMs: number): number | null {
  return (
    numberMs(headers['retry-after-ms'], 1) ?? retryAfterMs(headers['retry-after'], nowMs) ?? resetMs(headers, nowMs)
  );
}

/** The delay that a message suggests ("try again in 1m2s"), in milliseconds. */
export function suggestedDelayMs(message: string | null): number | null {
  const found = SUGGESTED.exec(message ?? '')?.[1];
  return found === undefined ? null : durationMs(found);
}

/** When a limit that lasts longer than a retry waits ends; null: it does not. */
export function resetAfter(delayMs: number | null, nowMs: number): number | null {
  return delayMs !== null && delayMs > MAX_SERVER_DELAY_MS ? nowMs + delayMs : null;
}

/** A duration as servers write one, in milliseconds. */
export function durationMs(text: string): number | null {
  let total: number | null = null;
  for (const [, amount, unit] of text.matchAll(AMOUNT)) {
    const name = (unit ?? 's').toLowerCase();
    const key = name.startsWith('ms') || name.startsWith('milli') ? 'ms' : (name[0] ?? 's');
    total = (total ?? 0) + Number(amount) * (UNIT_MS[key] ?? 1_000);
  }
  return total;
}

export function capped(delayMs: number | null): number | null {
  return delayMs === null ? null : Math.min(Math.round(delayMs), MAX_SERVER_DELAY_MS);
}

/** Seconds, whole or not, or an HTTP date (RFC 9110, 10.2.3). A date that has passed says nothing. */
function retryAfterMs(header: string | undefined, nowMs: number): number | null {
  return numberMs(header, 1_000) ?? dateMs(header, nowMs);
}

function numberMs(header: string | undefined, unitMs: number): number | null {
  const text = header?.trim() ?? '';
  return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * unitMs : null;
}

function dateMs(header: string | undefined, nowMs: number): number | null {
  if (header === undefined || !/[a-z]|\d-\d/i.test(header)) return null;
  const left = Date.parse(header) - nowMs;
  return left > 0 ? left : null;
}

/** The limits that are used up; where none is known to be, the one that resets first. */
function resetMs(headers: Headers, nowMs: number): number | null {
  const resets: { readonly isUsedUp: boolean; readonly ms: number }[] = [];
  for (const [name, value] of Object.entries(headers)) {
    const [, prefix, after, before] = RESET_HEADER.exec(name) ?? [];
    if (prefix === undefined) continue;
    const ms = resetValueMs(value, nowMs);
    if (ms === null) continue;
    const left = remaining(headers, prefix, after, before);
    resets.push({ isUsedUp: left !== undefined && Number(left) <= 0, ms });
  }
  const usedUp = resets.filter(({ isUsedUp }) => isUsedUp);
  if (usedUp.length > 0) return Math.max(...usedUp.map(({ ms }) => ms));
  return resets.length === 0 ? null : Math.min(...resets.map(({ ms }) => ms));
}

function remaining(headers: Headers, prefix: string, after?: string, before?: string): string | undefined {
  if (before !== undefined) return headers[`${prefix}${before}-remaining`];
  return headers[`${prefix}remaining${after === undefined ? '' : `-${after}`}`];
}

/** A duration, a date, or Unix time in seconds or milliseconds. */
function resetValueMs(value: string, nowMs: number): number | null {
  const text = value.trim();
  if (/^\d{13}$/.test(text)) return Math.max(0, Number(text) - nowMs);
  if (/^\d{10}$/.test(text)) return Math.max(0, Number(text) * 1_000 - nowMs);
  return dateOnly(text) ? dateMs(text, nowMs) : durationMs(text);
}

function dateOnly(text: string): boolean {
  return /^\d{4}-\d\d-\d\d|^[a-z]{3},/i.test(text);
}
