import { type Stats, statSync } from 'node:fs';
import type { PlaceJudge } from '../../../foundation/files/index.ts';
import { realPath } from '../../../foundation/util/index.ts';
import { readJudge } from '../../../system/sandbox/index.ts';
import type { ToolContext } from '../../contract/index.ts';

/** Judges what may be read for the model: what commands can't read, tools don't show either. */
export function judgeFor({ turn, protection }: Pick<ToolContext, 'turn' | 'protection'>): PlaceJudge {
  return readJudge({ policy: turn.sandboxPolicy, ...protection });
}

/** Why a path that is to be written can't be read, as things are now; null if it may be, or has no file yet. */
export function hiddenFault(path: string | Buffer, judge: PlaceJudge): string | null {
  return judge({ path: realPath(path.toString()), stats: statsOf(path) });
}

function statsOf(path: string | Buffer): Stats | null {
  try {
    return statSync(path);
  } catch {
    // There is no file yet, or it can't exist: the writer gets the error.
    return null;
  }
}
