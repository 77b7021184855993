import { readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { PlaceJudge } from '../../foundation/files/index.ts';
import { realPath } from '../../foundation/util/index.ts';
import { describeDifference, foldedLine } from './match/lookalikes.ts';

/** Limit for the compared names; a directory with more is not searched. */
const MAX_NAMES = 10_000;

/**
 * A hint that the directory of a missing path has a name that looks the same, to be appended to the reason; empty if not.
 * @param judge decides whether the directory may be looked into
 */
export function lookalikeNameHint(path: string, judge?: PlaceJudge): string {
  if (judge?.({ path: realPath(dirname(path)), stats: null })) return '';
  const name = basename(path);
  const other = namesIn(dirname(path)).find((entry) => entry !== name && foldedLine(entry) === foldedLine(name));
  return other === undefined ? '' : `; a name there looks alike but differs: ${describeDifference(name, other)}`;
}

function namesIn(directory: string): readonly string[] {
  try {
    const names = readdirSync(directory);
    return names.length > MAX_NAMES ? [] : names;
  } catch {
    // Not a directory, or unreadable: there is no hint.
    return [];
  }
}
