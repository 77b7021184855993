import { planNote, type TurnContext, verifyNote } from '../../../../context/index.ts';
import type { ResponseItem } from '../../../../foundation/protocol/index.ts';
import type { TurnFinishGate } from '../../../turn/index.ts';
import type { TreeFacts } from '../../agents/tree-facts.ts';
import type { SessionServices } from '../../services.ts';
import type { SessionState } from '../../state.ts';

/** Tools that run commands: without one of them nothing can be checked. */
const RUNNERS = ['exec_command', 'shell_command', 'shell'];
/** A last message that says why nothing was checked is not asked about. */
const SAYS_WHY =
  /\b(?:no (?:tests?|checks?)\b|(?:not|never|n't|nothing) (?:be )?(?:run|ran|check|checked|test|tested|verif)|untested|unverified|cannot (?:run|test|check|verify))/i;

/** Whether the user wants turns like this one to be asked. */
export function asksBeforeEnd({ taskKind }: Pick<TurnContext, 'taskKind'>, services: SessionServices): boolean {
  const { config, source, child } = services;
  const mode = config.verifyBeforeFinish;
  return (mode === 'always' || (mode === 'exec' && source === 'exec')) && taskKind === 'regular' && child === null;
}

/**
 * Asks a turn that would end about files that nobody checked and steps of its plan that are open.
 * @param tools names of the tools that it is offered
 * @param tree changes of the whole tree of its session; null where only this thread counts
 */
export function openWork(
  state: Pick<SessionState, 'facts'>,
  tools: readonly string[],
  tree: Pick<TreeFacts, 'place' | 'uncheckedSince'> | null,
): TurnFinishGate {
  const canCheck = tools.some((name) => RUNNERS.includes(name));
  const start = state.facts.place;
  const startOfTree = tree?.place ?? null;
  return {
    hasSubagents: () => tree !== null && state.facts.hasSubagents,
    uncheckedInTree: () => (tree === null || startOfTree === null ? [] : tree.uncheckedSince(startOfTree)),
    notes(lastMessage, unchecked) {
      const { uncheckedFiles, openSteps } = state.facts.since(start);
      const files = unchecked ?? uncheckedFiles;
      const isUnchecked = canCheck && files.length > 0 && !SAYS_WHY.test(lastMessage ?? '');
      const notes: ResponseItem[] = [];
      if (isUnchecked) notes.push(verifyNote({ files, check: state.facts.lastCheck?.command ?? null }));
      if (openSteps.length > 0) notes.push(planNote(openSteps));
      return notes;
    },
  };
}
