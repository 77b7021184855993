import { TurnInterrupted } from '../steps/index.ts';
import { absorbInput, stoppedByHook } from './absorb-input.ts';
import { BudgetTracker } from './budget-tracker.ts';
import { ContextLimit } from './context-limit.ts';
import { NextSteps } from './next-step.ts';
import type { TurnOutcome, TurnPorts } from './ports.ts';
import { sampleResponse } from './sample-response.ts';

/**
 * Works on one user request until the model has no more to do, the turn is interrupted, or it fails.
 *
 * The loop is a pure function of its ports' step results: whatever touches the world is a step of `ports.steps`, so the
 * same code resumes a turn after a crash by replaying the steps that are journaled.
 */
export async function runTurn(ports: TurnPorts): Promise<TurnOutcome> {
  try {
    const outcome = await runLoop(ports);
    if (outcome.type === 'failed' && outcome.error.kind === 'budgetExceeded') {
      emitBudgetExceeded(ports, outcome.error.message);
    }
    return outcome;
  } catch (error) {
    if (error instanceof TurnInterrupted) return { type: 'interrupted' };
    throw error;
  }
}

async function runLoop(ports: TurnPorts): Promise<TurnOutcome> {
  const budget = ports.budget === null ? null : new BudgetTracker(ports);
  const contextLimit = new ContextLimit(ports);
  const nextSteps = new NextSteps(ports, contextLimit);

  let noRoom = await contextLimit.makeRoom(0);
  // The user's message is recorded even where there is no room to answer it.
  const { isNew: hasInput, dropped } = await absorbInput(ports, 0);
  if (noRoom !== null) return noRoom;
  if (!hasInput && dropped !== null) {
    return { type: 'failed', error: stoppedByHook(`A hook dropped the prompt: ${dropped}`) };
  }
  if (!hasInput) return { type: 'completed', lastAgentMessage: null };

  for (let round = 1; ; round += 1) {
    const response = await sampleResponse(ports, round, budget);
    await response.calls.settle();
    const next = await nextSteps.after(response, round);
    if (next.type === 'end') return next.outcome;
    noRoom = await contextLimit.makeRoom(round + 1);
    if (noRoom !== null) return noRoom;
  }
}

function emitBudgetExceeded({ context, emit }: TurnPorts, message: string): void {
  const { turnId } = context;
  const item = { type: 'budgetExceeded', id: `${turnId}-budget`, message } as const;
  emit({ type: 'item.started', turnId, item });
  emit({ type: 'item.completed', turnId, item });
}
