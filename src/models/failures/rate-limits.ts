import type { RateLimitSnapshot, RateLimitWindow } from '../../foundation/protocol/index.ts';

type Headers = Readonly<Record<string, string>>;

/** The provider's limits as its response headers report them; null when they report none, and older ones are still valid. */
export function rateLimitsOf(headers: Headers): RateLimitSnapshot | null {
  const primary = windowOf(headers, 'x-codex-primary');
  const secondary = windowOf(headers, 'x-codex-secondary');
  return primary === null && secondary === null ? null : { primary, secondary };
}

/** A window that reports nothing but "0 % used" is a placeholder. */
function windowOf(headers: Headers, prefix: string): RateLimitWindow | null {
  const used = headerNumber(headers, `${prefix}-used-percent`);
  if (used === null) return null;
  const minutes = headerInteger(headers, `${prefix}-window-minutes`);
  const resetsAt = headerInteger(headers, `${prefix}-reset-at`);
  const isEmpty = used === 0 && !minutes && resetsAt === null;
  return isEmpty ? null : { used_percent: used, window_minutes: minutes, resets_at: resetsAt };
}

function headerNumber(headers: Headers, name: string): number | null {
  const text = headers[name]?.trim();
  const value = text ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : null;
}

function headerInteger(headers: Headers, name: string): number | null {
  const value = headerNumber(headers, name);
  return value !== null && Number.isInteger(value) ? value : null;
}
