import { planNote, type TurnContext, verifyNote } from '../../../context/index.ts';
import type { ResponseItem } from '../../../foundation/protocol/index.ts';
import type { TurnFinishGate } from '../../turn/index.ts';
import type { TreeFacts } from '../agents/tree-facts.ts';
import type { SessionServices } from '../services.ts';
import type { SessionState } from '../state.ts';

/** What runs commands: without one of them nothing can be checked. */
const RUNNERS = ['exec_command', 'shell_command', 'shell'];
/** A last message that says why nothing was checked is answer enough. */
const SAYS_WHY =
  /\b(?:no (?:tests?|checks?)\b|(?:not|never|n't|nothing) (?:be )?(?:run|ran|check|checked|test|tested|verif)|untested|unverified|cannot (?:run|test|check|verify))/i;

/** Whether the user wants turns like this one to be asked. */
export function asksBeforeEnd({ taskKind }: Pick<TurnContext, 'taskKind'>, services: SessionServices): boolean {
  const { config, source, child } = services;
  const mode = config.verifyBeforeFinish;
  return (mode === 'always' || (mode === 'exec' && source === 'exec')) && taskKind === 'regular' && child === null;
}

/**
 * What a turn that would end is asked, from what keel saw it do. `tools`: names of those that it is offered; `tree`: what the
 * whole tree of its session did, null where only this thread counts.
 */
export function finishGate(
  state: Pick<SessionState, 'facts'>,
  tools: readonly string[],
  tree: Pick<TreeFacts, 'place' | 'uncheckedSince'> | null,
): TurnFinishGate {
  const canCheck = tools.some((name) => RUNNERS.includes(name));
  const begin = state.facts.place;
  const beginOfTree = tree?.place ?? null;
  return {
    hasSubagents: () => tree !== null && state.facts.hasSubagents,
    uncheckedInTree: () => (tree === null || beginOfTree === null ? [] : tree.uncheckedSince(beginOfTree)),
    notes(lastMessage, unchecked) {
      const { uncheckedFiles, openSteps } = state.facts.since(begin);
      const files = unchecked ?? uncheckedFiles;
      const isUnchecked = canCheck && files.length > 0 && !SAYS_WHY.test(lastMessage ?? '');
      const notes: ResponseItem[] = [];
      if (isUnchecked) notes.push(verifyNote({ files, check: state.facts.lastCheck?.command ?? null }));
      if (openSteps.length > 0) notes.push(planNote(openSteps));
      return notes;
    },
  };
}
