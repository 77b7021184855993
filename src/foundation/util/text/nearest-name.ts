/** The name that a mistyped one was probably meant as: the one with the fewest edits, at most `maxEdits`; null if there is none. */
export function nearestName(mistyped: string, names: readonly string[], maxEdits = 2): string | null {
  const scored = names.map((name) => ({ name, edits: editDistance(name, mistyped) }));
  const best = scored.sort((a, b) => a.edits - b.edits)[0];
  return best !== undefined && best.edits <= maxEdits ? best.name : null;
}

/** Levenshtein distance; names are short. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [i, left] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, right] of [...b].entries()) {
      next.push(Math.min((row[j] ?? 0) + (left === right ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
