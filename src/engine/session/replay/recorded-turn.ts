import type { TurnSetup } from '../../../foundation/protocol/index.ts';
import type { OpenTurnLine } from '../../../storage/rollout/index.ts';
import { isStepId, type StepName } from '../../steps/index.ts';
import type { TurnBudget } from '../../turn/index.ts';
import { TreeFacts } from '../agents/tree-facts.ts';
import type { RecordedSettings } from './replay-context.ts';

export interface RecordedTurn extends Omit<RecordedSettings, 'threadId' | 'digests'> {
  /** The journal of the turn, whole. */
  readonly lines: readonly OpenTurnLine[];
}

/** Without the turn's settings only what recorded results say of a budget counts. No time passes in a replay. */
export function recordedBudget(
  setup: TurnSetup | null,
  { tokensUsed, costUsed }: Pick<TurnBudget, 'tokensUsed' | 'costUsed'>,
): TurnBudget | null {
  if (setup !== null && setup.budget === undefined) return null;
  return {
    tokens: setup?.budget?.tokens ?? null,
    minutes: setup?.budget?.minutes ?? null,
    turns: setup?.budget?.turns ?? null,
    cost: setup?.budget?.cost ?? null,
    hasLastAnswer: true,
    minutesGone: () => 0,
    tokensUsed,
    costUsed,
    expired: new AbortController().signal,
  };
}

/** A step has what subagents did. Earlier versions had no such step. */
export function recordedTree(setup: TurnSetup | null) {
  return setup?.verify_tree === true ? new TreeFacts(null) : null;
}

export function isAsked(turn: RecordedTurn): boolean {
  return turn.setup === null ? hasStep(turn, 'finishGate') : turn.setup.verify === true;
}

export function prunes(turn: RecordedTurn): boolean {
  return turn.setup === null ? hasStep(turn, 'pruning') : turn.setup.elide_outputs !== false;
}

function hasStep({ lines }: RecordedTurn, name: StepName): boolean {
  return lines.some((line) => line.type === 'step' && isStepId(line.record.id, name));
}

/** Without the settings of the turn only its record knows whether it compacted its conversation. */
export function compactsItself({ setup, lines }: RecordedTurn): boolean {
  if (setup?.task !== undefined) return setup.task === 'regular';
  return lines.some((line) => line.type === 'step' && line.record.kind === 'compact');
}

export function checksAnswer(turn: RecordedTurn): boolean {
  return hasStep(turn, 'answerForm');
}
