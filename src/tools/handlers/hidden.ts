import { readJudge } from '../../sandbox/index.ts';
import type { ToolContext } from '../types.ts';

/** Why; behind what was to be done with it. */
export const HIDDEN = 'it is hidden here, as are credentials';

/** Whether a path may be read for the model: what commands can't read, tools don't show either. */
export function mayReadFor({ turn, protection }: Pick<ToolContext, 'turn' | 'protection'>): (path: string) => boolean {
  return readJudge({ policy: turn.sandboxPolicy, ...protection });
}
