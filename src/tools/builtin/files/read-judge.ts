import { type Stats, statSync } from 'node:fs';
import type { PlaceJudge } from '../../../foundation/files/index.ts';
import { realPath } from '../../../foundation/util/index.ts';
import { readJudge } from '../../../system/sandbox/index.ts';
import type { ToolContext } from '../../contract/index.ts';

/** Decides what may be read for the model: tools don't show what commands can't read. */
export function judgeFor({ turn, protection }: Pick<ToolContext, 'turn' | 'protection'>): PlaceJudge {
  return readJudge({ policy: turn.sandboxPolicy, ...protection });
}

/** Why a path that is to be written is hidden; null if it is readable, or has no file yet. */
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
