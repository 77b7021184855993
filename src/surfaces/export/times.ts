/** How long something took, for people; an empty text where it is not known. */
export function duration(startedAt: string | null, endedAt: string | null): string {
  const ms = Date.parse(endedAt ?? '') - Date.parse(startedAt ?? '');
  return Number.isNaN(ms) || ms < 0 ? '' : milliseconds(ms);
}

export function milliseconds(ms: number): string {
  // What would be rounded up to the next unit is shown in that.
  if (Math.round(ms) < 1_000) return `${Math.round(ms)} ms`;
  if (Math.round(ms / 100) < 600) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
